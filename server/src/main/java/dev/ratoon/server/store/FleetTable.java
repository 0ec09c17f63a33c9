package dev.ratoon.server.store;

import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.api.Settings;
import java.time.Instant;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/** What there is once in a fleet, and its tenants. */
public final class FleetTable {
  /** A host that was away for more starts than this is taken for one of another history. */
  private static final int MOST_RUNS = 10_000;

  private final Handle handle;

  FleetTable(Handle handle) {
    this.handle = handle;
  }

  /** The fleet's incarnation; {@code fresh} becomes it when there was none. */
  public String incarnation(String fresh) {
    handle
        .createUpdate(
            """
            insert into fleet (id, incarnation, settings) values (1, :incarnation, :settings)
            on conflict (id) do nothing\
            """)
        .bind("incarnation", fresh)
        .bind("settings", Json.write(Settings.DEFAULT))
        .execute();
    return handle
        .createQuery("select incarnation from fleet where id = 1")
        .mapTo(String.class)
        .one();
  }

  /** Whether this database has a fleet's data in it. */
  public boolean exists() {
    return handle.createQuery("select count(*) from fleet").mapTo(Long.class).one() > 0;
  }

  public Settings settings() {
    return Json.read(
        handle.createQuery("select settings from fleet where id = 1").mapTo(String.class).one(),
        Settings.class);
  }

  public void change(Settings settings) {
    handle
        .createUpdate("update fleet set settings = :settings where id = 1")
        .bind("settings", Json.write(settings))
        .execute();
  }

  /**
   * A start of a server. Where it is the first of its generation, it knows from now on what its
   * hosts were told until here; the others of the generation know the same.
   *
   * @param first whether no other server is on
   */
  public void began(String run, boolean first, Instant now) {
    handle
        .createUpdate(
            """
            insert into run (name, started_at, generation) values (:run, :now,
              (select coalesce(max(generation), 0) from run) + :more)\
            """)
        .bind("run", run)
        .bind("now", now.toEpochMilli())
        .bind("more", first ? 1L : 0L)
        .execute();
    if (first) {
      handle.createUpdate("update host set began = revision").execute();
    }
    handle
        .createUpdate(
            """
            delete from run where started_at < (select min(started_at) from
              (select started_at from run order by started_at desc limit :n) as newest)\
            """)
        .bind("n", MOST_RUNS)
        .execute();
  }

  /** The generation of a start of a server; empty for one that this database does not know of. */
  public Optional<Long> generation(String run) {
    return handle
        .createQuery("select generation from run where name = :run")
        .bind("run", run)
        .mapTo(Long.class)
        .findOne();
  }

  /** The fingerprint of the authority of this fleet; {@code own} becomes it when there was none. */
  public String authority(String own) {
    handle
        .createUpdate("update fleet set authority = :own where id = 1 and authority is null")
        .bind("own", own)
        .execute();
    return handle.createQuery("select authority from fleet where id = 1").mapTo(String.class).one();
  }

  public void addTenant(String tenant, Instant now) {
    handle
        .createUpdate(
            "insert into tenant (id, created_at) values (:id, :now) on conflict (id) do nothing")
        .bind("id", tenant)
        .bind("now", now.toEpochMilli())
        .execute();
  }
}
