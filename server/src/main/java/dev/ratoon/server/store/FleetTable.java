package dev.ratoon.server.store;

import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.api.Settings;
import java.time.Instant;
import org.jdbi.v3.core.Handle;

/** What there is once in a fleet, and its tenants. */
public final class FleetTable {
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

  public void addTenant(String tenant, Instant now) {
    handle
        .createUpdate(
            "insert into tenant (id, created_at) values (:id, :now) on conflict (id) do nothing")
        .bind("id", tenant)
        .bind("now", now.toEpochMilli())
        .execute();
  }
}
