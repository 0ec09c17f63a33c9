package dev.ratoon.server.store;

import com.zaxxer.hikari.HikariDataSource;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.MigrationState;
import org.flywaydb.core.api.MigrationVersion;
import org.flywaydb.core.api.configuration.FluentConfiguration;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/**
 * The servers' memory. A write that returned has reached the disk, so that what was acknowledged
 * survives a crash.
 *
 * <p>On SQLite there is one server, and its writers take turns, because SQLite lets in one at a
 * time anyway and a queue here is fairer than its retries. What must follow a commit in the same
 * order as the commits themselves is given to {@link Transaction#afterCommit}.
 *
 * <p>On PostgreSQL any number of servers write at once. What a write looks at before it decides it
 * must lock first ({@link Transaction#lock}, {@link Transaction#lockFleet}); a write that collided
 * with another is done again from its beginning, so it must not change anything but the database
 * before it has committed. A server whose lease is over cannot commit ({@link Lease}).
 */
public final class Database implements AutoCloseable {
  private static final int ATTEMPTS = 40;
  private static final long LONGEST_PAUSE_NANOS = 20_000_000;

  private final DatabaseAddress address;
  private final HikariDataSource pool;
  private final Jdbi jdbi;
  private final ReentrantLock writing = new ReentrantLock(true);
  private volatile Lease lease = Lease.NONE;
  private volatile Runnable told = () -> {};

  private Database(DatabaseAddress address, HikariDataSource pool) {
    this.address = address;
    this.pool = pool;
    this.jdbi = Jdbi.create(pool);
  }

  /** Opens the database in this file, and makes or renews its tables where needed. */
  public static Database open(Path file) {
    return open(new DatabaseAddress.File(file));
  }

  /** Opens a database, and makes or renews its tables where needed. */
  public static Database open(DatabaseAddress address) {
    return open(address, MigrationVersion.LATEST);
  }

  /** As {@link #open(DatabaseAddress)}, but no further than to this version of the tables. */
  static Database open(DatabaseAddress address, MigrationVersion version) {
    return opened(
        address,
        pool -> {
          var _ = tables(pool).target(version).load().migrate();
        });
  }

  /** Opens a database whose tables stay as they are, whatever version they are of. */
  static Database openAsItIs(DatabaseAddress address) {
    return opened(address, _ -> {});
  }

  /** The version of the tables; empty if there are none. */
  Optional<MigrationVersion> version() {
    return Optional.ofNullable(tables(pool).load().info().current()).map(MigrationInfo::getVersion);
  }

  /** The version that tables have which this program makes. */
  MigrationVersion newestVersion() {
    return Arrays.stream(tables(pool).load().info().all())
        .filter(migration -> migration.getState() != MigrationState.FUTURE_SUCCESS)
        .map(MigrationInfo::getVersion)
        .max(Comparator.naturalOrder())
        .orElseThrow();
  }

  private static FluentConfiguration tables(HikariDataSource pool) {
    return Flyway.configure().dataSource(pool).locations("classpath:dev/ratoon/server/store");
  }

  private static Database opened(DatabaseAddress address, Consumer<HikariDataSource> prepare) {
    HikariDataSource pool = null;
    try {
      pool = Pools.of(address);
      prepare.accept(pool);
      return new Database(address, pool);
    } catch (RuntimeException failed) {
      if (pool != null) {
        pool.close();
      }
      throw Problem.of(ErrorCode.INTERNAL, "opening the database " + address)
          .detail(String.valueOf(failed.getMessage()))
          .next(
              switch (address) {
                case DatabaseAddress.File _ ->
                    "Keep the file. If it is damaged, restore it from a backup.";
                case DatabaseAddress.Shared _ ->
                    "Check that PostgreSQL runs there, and that its user may make tables.";
              })
          .asException(failed);
    }
  }

  /** Whether other servers may write, too: then memory is never exact. */
  public boolean shared() {
    return address instanceof DatabaseAddress.Shared;
  }

  public DatabaseAddress address() {
    return address;
  }

  /** From now on every write is made under this lease, and {@code then} is run after it. */
  public void writeUnder(Lease own, Runnable then) {
    lease = own;
    told = then;
  }

  /** Looks without changing anything. */
  public <T> T read(Function<Transaction, T> work) {
    try {
      try (Transaction tx = Transaction.reading(jdbi, shared())) {
        return work.apply(tx);
      }
    } catch (JdbiException failed) {
      throw translate(failed);
    }
  }

  /**
   * Does all of {@code work} or, when it throws, nothing of it.
   *
   * @throws RatoonException {@link ErrorCode#SERVER_UNREACHABLE} if this server may not write any
   *     more
   */
  public <T> T write(Function<Transaction, T> work) {
    return shared() ? untilDone(work, () -> lease) : inTurn(work);
  }

  private <T> T inTurn(Function<Transaction, T> work) {
    writing.lock();
    try (Transaction tx = Transaction.writing(jdbi, Lease.NONE, 1)) {
      T result = work.apply(tx);
      tx.commit();
      return result;
    } catch (JdbiException failed) {
      throw translate(failed);
    } finally {
      writing.unlock();
    }
  }

  /** As {@link #write}, without a lease: of what leases are made of, say. */
  public <T> T writeFreely(Function<Transaction, T> work) {
    return shared() ? untilDone(work, () -> Lease.NONE) : inTurn(work);
  }

  private <T> T untilDone(Function<Transaction, T> work, Supplier<Lease> under) {
    for (int attempt = 1; ; attempt++) {
      try (Transaction tx = Transaction.shared(jdbi, under.get(), attempt)) {
        T result = work.apply(tx);
        tx.commit();
        if (tx.hasNews()) {
          told.run();
        }
        return result;
      } catch (Outdated again) {
        if (attempt == ATTEMPTS) {
          throw busy(again);
        }
      } catch (JdbiException failed) {
        Collision collision = Collision.of(failed);
        if (collision == Collision.UNKNOWN_END) {
          throw unknownEnd(failed);
        }
        if (!collision.again(attempt) || attempt == ATTEMPTS) {
          throw translate(failed);
        }
      }
      pause(attempt);
    }
  }

  private static void pause(int attempt) {
    long most = Math.min(LONGEST_PAUSE_NANOS, 200_000L << Math.min(attempt, 10));
    LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(most));
  }

  /** As {@link #write}, for work without a result. */
  public void change(Consumer<Transaction> work) {
    this.<Boolean>write(tx -> {
      work.accept(tx);
      return true;
    });
  }

  /** A connection as it is. */
  Connection connection() throws SQLException {
    return pool.getConnection();
  }

  @Override
  public void close() {
    pool.close();
  }

  private static RatoonException busy(RuntimeException cause) {
    return Problem.of(ErrorCode.BUSY, "using the servers' database")
        .detail("Too many wanted to change the same at once.")
        .next("Try again.")
        .asException(cause);
  }

  private static RatoonException unknownEnd(JdbiException failed) {
    return Problem.of(ErrorCode.SERVER_UNREACHABLE, "writing to the servers' database")
        .detail("The connection broke at the end: it is not known whether it was written.")
        .next("Ask again with the same Idempotency-Key, or look whether it was done.")
        .asException(failed);
  }

  private static RatoonException translate(JdbiException failed) {
    boolean full =
        failed.getCause() instanceof SQLException sql
            && (sql instanceof SQLiteException sqlite
                ? sqlite.getResultCode() == SQLiteErrorCode.SQLITE_FULL
                : Collision.isFull(sql));
    if (full) {
      return Problem.of(ErrorCode.DISK_FULL, "writing to the server's database")
          .next("Free space where it keeps its data; nothing was changed.")
          .asException(failed);
    }
    return Collision.isAway(failed)
        ? Problem.of(ErrorCode.SERVER_UNREACHABLE, "using the servers' database")
            .detail("It does not answer.")
            .next("Try again when it does.")
            .asException(failed)
        : Problem.of(ErrorCode.INTERNAL, "using the server's database").asException(failed);
  }
}
