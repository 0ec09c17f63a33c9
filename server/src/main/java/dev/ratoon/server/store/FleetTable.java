package dev.ratoon.server.store;

import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.api.Settings;
import java.time.Instant;
import java.util.Set;
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

  /** A start of the server; from now on it knows what its hosts were told until here. */
  public void began(String run, Instant now) {
    handle
        .createUpdate("insert into run (name, started_at) values (:run, :now)")
        .bind("run", run)
        .bind("now", now.toEpochMilli())
        .execute();
    handle.createUpdate("update host set began = revision").execute();
    handle
        .createUpdate(
            "delete from run where rowid not in (select rowid from run order by rowid desc limit"
                + " :n)")
        .bind("n", MOST_RUNS)
        .execute();
  }

  /** The starts of the server that this database knows of. */
  public Set<String> runs() {
    return handle.createQuery("select name from run").mapTo(String.class).set();
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
