package dev.ratoon.server.store;

import java.time.Duration;
import java.util.List;
import org.jdbi.v3.core.Handle;

/** The servers on one PostgreSQL, and until when each may write. All times are the database's. */
public final class ServerTable {
  private static final String NOW = "(extract(epoch from clock_timestamp()) * 1000)::bigint";

  /**
   * A run of a server.
   *
   * @param address where agents and clients reach it
   */
  public record ServerRow(String run, long number, String address) {}

  private final Handle handle;

  ServerTable(Handle handle) {
    this.handle = handle;
  }

  /** A server begins; its number is greater than all before. Under the lock of the fleet. */
  public Lease begin(String run, String address, Duration lease) {
    long number =
        handle
            .createQuery(
                """
                insert into server (run, number, address, until)
                values (:run, (select coalesce(max(number), 0) + 1 from server), :address,
                  %s + :lease) returning number\
                """
                    .formatted(NOW))
            .bind("run", run)
            .bind("address", address)
            .bind("lease", lease.toMillis())
            .mapTo(Long.class)
            .one();
    return new Lease(run, number);
  }

  /**
   * Extends a lease.
   *
   * @return false if it was ended
   */
  public boolean renew(Lease lease, Duration length) {
    return handle
            .createUpdate(
                "update server set until = "
                    + NOW
                    + " + :length where run = :run and ended_at is null")
            .bind("length", length.toMillis())
            .bind("run", lease.run())
            .execute()
        == 1;
  }

  /** Those that may write now. */
  public List<ServerRow> alive() {
    return rows("until > " + NOW);
  }

  /** Those whose leases nobody has ended. */
  public List<String> notEnded() {
    return handle
        .createQuery("select run from server where ended_at is null")
        .mapTo(String.class)
        .list();
  }

  /**
   * Makes sure that the lease of this run has not been ended until now: what was read before this
   * call is no newer than what whoever ends it finds.
   *
   * @param doing what is not done otherwise
   * @throws dev.ratoon.model.RatoonException {@link dev.ratoon.model.ErrorCode#SERVER_UNREACHABLE}
   */
  public void requireNotEnded(String run, String doing) {
    if (!notEnded().contains(run)) {
      throw Lease.over(doing);
    }
  }

  /** A server is reached elsewhere. */
  public boolean move(Lease lease, String address) {
    return handle
            .createUpdate("update server set address = :address where run = :run")
            .bind("address", address)
            .bind("run", lease.run())
            .execute()
        == 1;
  }

  /** Those that have been silent for too long, and were not ended yet. */
  public List<ServerRow> silent() {
    return rows("until <= " + NOW);
  }

  private List<ServerRow> rows(String which) {
    return handle
        .createQuery(
            "select * from server where ended_at is null and " + which + " order by number")
        .map((row, context) ->
            new ServerRow(row.getString("run"), row.getLong("number"), row.getString("address")))
        .list();
  }

  /**
   * Ends the lease of a server that is silent, once all that it had begun to write has ended.
   *
   * @return false if it is not silent any more, or somebody else has ended it
   */
  public boolean endSilent(ServerRow silent) {
    Lease lease = new Lease(silent.run(), silent.number());
    handle.execute("select pg_advisory_xact_lock(?, ?)", Lease.LOCKS, lease.lock());
    return end(lease, "and until <= " + NOW);
  }

  /** Ends the leases of all that are silent. */
  public void endSilent() {
    silent().forEach(this::endSilent);
  }

  /** Ends the lease of a server that says so itself. */
  public void end(Lease own) {
    boolean _ = end(own, "");
  }

  private boolean end(Lease lease, String condition) {
    return handle
            .createUpdate(
                "update server set ended_at = "
                    + NOW
                    + " where run = :run and ended_at is null "
                    + condition)
            .bind("run", lease.run())
            .execute()
        == 1;
  }

  /** Forgets servers that ended so long ago; the newest stays, for its number. */
  public void forgetEnded(Duration ago) {
    handle
        .createUpdate(
            "delete from server where ended_at < "
                + NOW
                + " - :ago and number < (select max(number) from server)")
        .bind("ago", ago.toMillis())
        .execute();
  }
}
