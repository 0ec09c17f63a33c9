package dev.ratoon.server;

import dev.ratoon.server.store.DatabaseAddress;
import dev.ratoon.testkit.Postgres;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which database tests use: SQLite, or with the system property {@value #PROPERTY} set to {@code
 * postgresql} one of the tests' own PostgreSQL.
 */
public final class TestDatabase {
  public static final String PROPERTY = "ratoon.test.database";

  private static final Map<Path, DatabaseAddress> MADE = new ConcurrentHashMap<>();

  private TestDatabase() {}

  /** The database of the server whose data folder this is. */
  public static DatabaseAddress of(Path home) {
    return MADE.computeIfAbsent(
        home,
        _ ->
            isShared()
                ? shared()
                : new DatabaseAddress.File(home.resolve("server").resolve("ratoon.db")));
  }

  /** Lets the server whose data folder this is use the same as others. */
  static void share(Path home, DatabaseAddress address) {
    MADE.put(home, address);
  }

  public static boolean isShared() {
    return "postgresql".equals(System.getProperty(PROPERTY));
  }

  /** A new one on PostgreSQL. */
  public static DatabaseAddress shared() {
    return DatabaseAddress.parse(Postgres.shared().newDatabase(), Map.of());
  }
}
