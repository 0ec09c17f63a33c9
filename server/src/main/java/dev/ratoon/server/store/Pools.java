package dev.ratoon.server.store;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.nio.file.Path;
import java.util.Properties;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;

/** Connections to a database, and how they are set up. */
final class Pools {
  private static final int SQLITE_CONNECTIONS = 8;
  private static final int SHARED_CONNECTIONS = 16;
  private static final int BUSY_TIMEOUT_MILLIS = 10_000;
  private static final int CONNECT_SECONDS = 10;

  /** A statement that is silent for so long is of a database that is gone. */
  private static final int SOCKET_SECONDS = 60;

  private Pools() {}

  static HikariDataSource of(DatabaseAddress address) {
    return new HikariDataSource(
        switch (address) {
          case DatabaseAddress.File(Path file) -> sqlite(file);
          case DatabaseAddress.Shared shared -> postgresql(shared);
        });
  }

  private static HikariConfig sqlite(Path file) {
    SQLiteConfig sqlite = new SQLiteConfig();
    sqlite.setJournalMode(SQLiteConfig.JournalMode.WAL);
    sqlite.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
    sqlite.setTransactionMode(SQLiteConfig.TransactionMode.IMMEDIATE);
    sqlite.setBusyTimeout(BUSY_TIMEOUT_MILLIS);
    sqlite.enforceForeignKeys(true);
    SQLiteDataSource source = new SQLiteDataSource(sqlite);
    source.setUrl("jdbc:sqlite:" + file);
    HikariConfig config = named(SQLITE_CONNECTIONS);
    config.setDataSource(source);
    return config;
  }

  /**
   * A server that stops in the middle of a transaction must not hold its locks for ever: the
   * database then ends that transaction. One that works is never so slow.
   */
  private static HikariConfig postgresql(DatabaseAddress.Shared shared) {
    HikariConfig config = named(SHARED_CONNECTIONS);
    config.setJdbcUrl(shared.url());
    config.setDataSourceProperties(properties(shared));
    config.setConnectionTimeout(CONNECT_SECONDS * 1000L);
    config.setConnectionInitSql(
        "set idle_in_transaction_session_timeout = '5s'; set transaction_timeout = '30s';"
            + " set default_transaction_isolation = 'read committed'");
    return config;
  }

  static Properties properties(DatabaseAddress.Shared shared) {
    Properties properties = new Properties();
    shared.user().ifPresent(user -> properties.setProperty("user", user));
    shared.password().ifPresent(password -> properties.setProperty("password", password));
    properties.setProperty("ApplicationName", "ratoon");
    properties.setProperty("connectTimeout", String.valueOf(CONNECT_SECONDS));
    properties.setProperty("socketTimeout", String.valueOf(SOCKET_SECONDS));
    properties.setProperty("tcpKeepAlive", "true");
    properties.setProperty("reWriteBatchedInserts", "true");
    return properties;
  }

  private static HikariConfig named(int connections) {
    HikariConfig config = new HikariConfig();
    config.setMaximumPoolSize(connections);
    config.setMinimumIdle(2);
    config.setPoolName("ratoon-db");
    return config;
  }
}
