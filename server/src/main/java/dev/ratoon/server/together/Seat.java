package dev.ratoon.server.together;

import dev.ratoon.server.store.Bell;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.Lease;
import dev.ratoon.server.store.ServerTable.ServerRow;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server's place among those of its database: a run with a name, a lease that is renewed, and a
 * number greater than those of all before. A server whose lease was ended while it was away takes a
 * new place, as if it had just been started.
 */
public final class Seat {
  private static final Logger LOG = LoggerFactory.getLogger(Seat.class);

  /** So long after its last sign of life a server's work is taken up by another. */
  static final Duration LEASE = Duration.ofSeconds(8);

  private final Database database;
  private final Bell bell;
  private final InstantSource clock;
  private volatile Lease lease;
  private volatile String address = "";

  private Seat(Database database, Bell bell, InstantSource clock, Lease lease) {
    this.database = database;
    this.bell = bell;
    this.clock = clock;
    this.lease = lease;
  }

  /** Takes a place. */
  public static Seat take(Database database, Bell bell, InstantSource clock) {
    Lease first = begin(database, "", clock);
    database.writeUnder(first, bell::ringSoon);
    return new Seat(database, bell, clock, first);
  }

  private static Lease begin(Database database, String address, InstantSource clock) {
    String run = UUID.randomUUID().toString();
    return database.writeFreely(tx -> {
      tx.lockFleet();
      // One that is silent might else come back, and tell hosts things of an earlier generation.
      tx.servers().endSilent();
      boolean first = tx.servers().notEnded().isEmpty();
      tx.fleet().began(run, first, clock.instant());
      return tx.servers().begin(run, address, LEASE);
    });
  }

  /** The name of this server's run. */
  public String run() {
    return lease.run();
  }

  /** Where agents and clients reach this server. */
  public void reachableAt(String where) {
    address = where;
    database.writeFreely(tx -> tx.servers().move(lease, where));
  }

  public String address() {
    return address;
  }

  /**
   * Renews the lease.
   *
   * @return false if it was ended, and this is a new one
   */
  boolean renew() {
    Lease held = lease;
    boolean stands = database.writeFreely(tx -> tx.servers().renew(held, LEASE));
    if (stands) {
      return true;
    }
    lease = begin(database, address, clock);
    database.writeUnder(lease, bell::ringSoon);
    LOG.atWarn().addKeyValue("run", run()).log("was away for too long; begins anew as {}", run());
    return false;
  }

  /** A server that is silent, if there is one, whose lease has now been ended by this one. */
  Optional<ServerRow> endSilent() {
    for (ServerRow silent : database.read(tx -> tx.servers().silent())) {
      if (!silent.run().equals(run()) && database.write(tx -> tx.servers().endSilent(silent))) {
        return Optional.of(silent);
      }
    }
    return Optional.empty();
  }

  /** Gives the place up. */
  void leave() {
    database.writeFreely(tx -> {
      tx.servers().end(lease);
      return true;
    });
  }
}
