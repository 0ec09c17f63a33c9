package dev.ratoon.server.store;

import dev.ratoon.model.HostId;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.Lineage.Replaced;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/** The hosts that ever reported, and which revision of their desired state is the newest. */
public final class HostTable {

  /**
   * A host.
   *
   * @param facts its last report that differed in more than what changes all the time, without VMs
   */
  public record HostRow(HostReport facts, Instant reportedAt) {}

  private final Handle handle;

  HostTable(Handle handle) {
    this.handle = handle;
  }

  /** Adds the host at revision 1, or writes its new facts. */
  public void put(HostReport facts, Instant now) {
    handle
        .createUpdate(
            """
            insert into host (id, revision, facts, reported_at) values (:id, 1, :facts, :now)
            on conflict (id)
            do update set facts = excluded.facts, reported_at = excluded.reported_at\
            """)
        .bind("id", facts.id().toString())
        .bind("facts", Json.write(facts))
        .bind("now", now.toEpochMilli())
        .execute();
  }

  public List<HostRow> all() {
    return handle
        .createQuery("select facts, reported_at from host")
        .map((row, context) ->
            new HostRow(
                Column.json(row, "facts", HostReport.class), Column.instant(row, "reported_at")))
        .list();
  }

  /** The newest revision of the host's desired state; empty when the host never reported. */
  public Optional<Long> revision(HostId host) {
    return handle
        .createQuery("select revision from host where id = :id")
        .bind("id", host.toString())
        .mapTo(Long.class)
        .findOne();
  }

  /** The revision with which the server's run began; 0 for a host that has come since. */
  public long began(HostId host) {
    return handle
        .createQuery("select began from host where id = :id")
        .bind("id", host.toString())
        .mapTo(Long.class)
        .findOne()
        .orElse(0L);
  }

  /** What an operator has agreed that the host gives up for this database. */
  public Optional<Replaced> replaces(HostId host) {
    return handle
        .createQuery("select replaces from host where id = :id and replaces is not null")
        .bind("id", host.toString())
        .mapTo(String.class)
        .findOne()
        .map(json -> Json.read(json, Replaced.class));
  }

  /** The host shall give this up, and take up a revision that is newer than all it has seen. */
  public long follow(HostId host, Replaced replaced) {
    return handle
        .createQuery(
            """
            update host set replaces = :replaced, revision = max(revision, :seen) + 1
            where id = :id returning revision\
            """)
        .bind("id", host.toString())
        .bind("replaced", Json.write(replaced))
        .bind("seen", replaced.revision())
        .mapTo(Long.class)
        .one();
  }

  /** The host has given up what it was to give up. */
  public void followed(HostId host) {
    handle
        .createUpdate("update host set replaces = null where id = :id")
        .bind("id", host.toString())
        .execute();
  }

  public void remove(HostId host) {
    handle.createUpdate("delete from host where id = :id").bind("id", host.toString()).execute();
  }

  /** Counts the host's revision up, since its desired state changes; returns the new one. */
  public long nextRevision(HostId host) {
    return handle
        .createQuery("update host set revision = revision + 1 where id = :id returning revision")
        .bind("id", host.toString())
        .mapTo(Long.class)
        .one();
  }
}
