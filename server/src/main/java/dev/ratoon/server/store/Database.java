package dev.ratoon.server.store;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.flywaydb.core.Flyway;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/**
 * The server's memory. A write that returned has reached the disk (write-ahead log, {@code
 * synchronous=FULL}), so that what was acknowledged survives a crash.
 *
 * <p>Writers take turns, because SQLite lets in one at a time anyway and a queue here is fairer
 * than its retries. What must follow a commit in the same order as the commits themselves is given
 * to {@link Transaction#afterCommit}.
 */
public final class Database implements AutoCloseable {
  private static final int CONNECTIONS = 8;
  private static final int BUSY_TIMEOUT_MILLIS = 10_000;

  private final HikariDataSource pool;
  private final Jdbi jdbi;
  private final ReentrantLock writing = new ReentrantLock(true);

  private Database(HikariDataSource pool) {
    this.pool = pool;
    this.jdbi = Jdbi.create(pool);
  }

  /** Opens the database in this file, and makes or renews its tables where needed. */
  public static Database open(Path file) {
    SQLiteConfig sqlite = new SQLiteConfig();
    sqlite.setJournalMode(SQLiteConfig.JournalMode.WAL);
    sqlite.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
    sqlite.setTransactionMode(SQLiteConfig.TransactionMode.IMMEDIATE);
    sqlite.setBusyTimeout(BUSY_TIMEOUT_MILLIS);
    sqlite.enforceForeignKeys(true);
    SQLiteDataSource source = new SQLiteDataSource(sqlite);
    source.setUrl("jdbc:sqlite:" + file);
    HikariConfig config = new HikariConfig();
    config.setDataSource(source);
    config.setMaximumPoolSize(CONNECTIONS);
    config.setMinimumIdle(2);
    config.setPoolName("ratoon-db");
    HikariDataSource pool = new HikariDataSource(config);
    try {
      Flyway.configure()
          .dataSource(pool)
          .locations("classpath:dev/ratoon/server/store")
          .load()
          .migrate();
      return new Database(pool);
    } catch (RuntimeException failed) {
      pool.close();
      throw Problem.of(ErrorCode.INTERNAL, "opening the database " + file)
          .detail(String.valueOf(failed.getMessage()))
          .next("Keep the file. If it is damaged, restore it from a backup.")
          .asException(failed);
    }
  }

  /** Looks without changing anything. */
  public <T> T read(Function<Transaction, T> work) {
    try {
      return jdbi.withHandle(handle -> work.apply(new Transaction(handle, List.of())));
    } catch (JdbiException failed) {
      throw translate(failed);
    }
  }

  /** Does all of {@code work} or, when it throws, nothing of it. */
  public <T> T write(Function<Transaction, T> work) {
    writing.lock();
    try {
      List<Runnable> afterCommit = new ArrayList<>();
      T result = jdbi.inTransaction(handle -> work.apply(new Transaction(handle, afterCommit)));
      afterCommit.forEach(Runnable::run);
      return result;
    } catch (JdbiException failed) {
      throw translate(failed);
    } finally {
      writing.unlock();
    }
  }

  /** As {@link #write}, for work without a result. */
  public void change(Consumer<Transaction> work) {
    this.<Boolean>write(tx -> {
      work.accept(tx);
      return true;
    });
  }

  @Override
  public void close() {
    pool.close();
  }

  private static RatoonException translate(JdbiException failed) {
    boolean full =
        failed.getCause() instanceof SQLiteException sqlite
            && sqlite.getResultCode() == SQLiteErrorCode.SQLITE_FULL;
    return full
        ? Problem.of(ErrorCode.DISK_FULL, "writing to the server's database")
            .next("Free space where Ratoon keeps its data; nothing was changed.")
            .asException(failed)
        : Problem.of(ErrorCode.INTERNAL, "using the server's database").asException(failed);
  }
}
