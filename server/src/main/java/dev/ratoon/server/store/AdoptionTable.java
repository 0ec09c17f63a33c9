package dev.ratoon.server.store;

import dev.ratoon.model.HostId;
import dev.ratoon.model.OperationId;
import dev.ratoon.protocol.agent.DesiredAdoption;
import dev.ratoon.protocol.agent.DesiredAdoption.Wish;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/** What operators' disks are to hosts. */
public final class AdoptionTable {

  /**
   * A path on a host.
   *
   * @param previous what it was to the host before, while it is to be given back
   * @param revision of the host's desired state in which it was last asked for
   * @param operation that ends when the host has done it
   */
  public record Adoption(
      HostId host,
      String path,
      Wish wish,
      Optional<Wish> previous,
      long revision,
      Optional<OperationId> operation) {

    /** As its host shall see it. */
    public DesiredAdoption desired() {
      return new DesiredAdoption(path, revision, wish);
    }

    /** The same, with nobody waiting for it any more. */
    public Adoption done() {
      return new Adoption(host, path, wish, Optional.empty(), revision, Optional.empty());
    }
  }

  private final Handle handle;

  AdoptionTable(Handle handle) {
    this.handle = handle;
  }

  /** Adds it, or writes what is wanted of it now. */
  public void put(Adoption adoption) {
    handle
        .createUpdate(
            """
            insert into adoption (host, path, wish, previous, revision, operation)
            values (:host, :path, :wish, :previous, :revision, :operation)
            on conflict (host, path) do update set wish = excluded.wish,
              previous = excluded.previous, revision = excluded.revision,
              operation = excluded.operation\
            """)
        .bind("host", adoption.host().toString())
        .bind("path", adoption.path())
        .bind("wish", adoption.wish().name())
        .bind("previous", adoption.previous().map(Wish::name).orElse(null))
        .bind("revision", adoption.revision())
        .bind("operation", adoption.operation().map(OperationId::toString).orElse(null))
        .execute();
  }

  public List<Adoption> onHost(HostId host) {
    return handle
        .createQuery("select * from adoption where host = :host order by path")
        .bind("host", host.toString())
        .map((row, context) -> read(row))
        .list();
  }

  public void remove(HostId host, String path) {
    handle
        .createUpdate("delete from adoption where host = :host and path = :path")
        .bind("host", host.toString())
        .bind("path", path)
        .execute();
  }

  private static Adoption read(ResultSet row) throws SQLException {
    return new Adoption(
        HostId.parse(row.getString("host")),
        row.getString("path"),
        Wish.valueOf(row.getString("wish")),
        Column.text(row, "previous").map(Wish::valueOf),
        row.getLong("revision"),
        Column.text(row, "operation").map(OperationId::parse));
  }
}
