package dev.ratoon.server.store;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * Wakes the servers of a database when there is news: PostgreSQL's LISTEN and NOTIFY. It carries
 * nothing, and is rung after the commit, by one thread for many commits: in a transaction it would
 * make all commits take turns. A ring that is lost costs a moment, since listeners look by
 * themselves now and then.
 */
public final class Bell implements AutoCloseable {
  private static final String NAME = "ratoon_news";
  private static final long RETRY_MILLIS = 500;

  private final DatabaseAddress.Shared address;
  private final Semaphore toRing = new Semaphore(0);
  private final Thread ringing =
      Thread.ofPlatform().name("news-bell").daemon().unstarted(this::ring);
  private @Nullable Connection listening;
  private volatile boolean closed;

  private Bell(DatabaseAddress.Shared address) {
    this.address = address;
  }

  /** The bell of this database. */
  public static Bell of(DatabaseAddress.Shared address) {
    Bell bell = new Bell(address);
    bell.ringing.start();
    return bell;
  }

  /** Wakes all servers, soon. */
  public void ringSoon() {
    if (toRing.availablePermits() == 0) {
      toRing.release();
    }
  }

  private void ring() {
    while (!closed) {
      try (Connection connection = connect();
          Statement statement = connection.createStatement()) {
        while (!closed) {
          toRing.acquire();
          toRing.drainPermits();
          statement.execute("notify " + NAME);
        }
      } catch (SQLException away) {
        pause();
      } catch (InterruptedException closing) {
        return;
      }
    }
  }

  /**
   * Waits for a ring; for one thread. Returns when it rang, or that time has passed, or something
   * may have been missed.
   */
  public void await(Duration most) throws InterruptedException {
    try {
      Connection connection = listening;
      if (connection == null) {
        connection = connect();
        listening = connection;
        try (Statement statement = connection.createStatement()) {
          statement.execute("listen " + NAME);
        }
        return;
      }
      connection.unwrap(PGConnection.class).getNotifications((int) most.toMillis());
    } catch (SQLException away) {
      drop();
      TimeUnit.MILLISECONDS.sleep(RETRY_MILLIS);
    }
  }

  private Connection connect() throws SQLException {
    return DriverManager.getConnection(address.url(), Pools.properties(address));
  }

  private void drop() {
    Connection connection = listening;
    listening = null;
    if (connection != null) {
      try {
        connection.close();
      } catch (SQLException gone) {
        // Nobody hears on it any more, which is what was wanted.
      }
    }
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(RETRY_MILLIS);
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    closed = true;
    ringing.interrupt();
    drop();
  }
}
