package dev.ratoon.server.store;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.server.store.Tables.Table;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.flywaydb.core.api.MigrationVersion;

/**
 * Brings all that a database knows of a fleet into another, empty one, of the same kind or the
 * other. What is read is as it was at one moment; what is written is there whole or not at all. A
 * backup is that, into a file.
 *
 * <p>The source is left as it is, its tables too, which a server of another version may use. So the
 * other database gets tables of the source's version first, and those are renewed when all is
 * there.
 */
public final class Moving {
  private static final int BATCH = 500;

  private Moving() {}

  /**
   * What was brought.
   *
   * @param rows of all tables
   */
  public record Moved(int tables, long rows) {}

  /**
   * Copies a database.
   *
   * @param alone whether no server may be at work with {@code from}: the fleet lives on in {@code
   *     to} alone
   * @throws RatoonException {@link ErrorCode#WRONG_STATE} if {@code to} has something in it already
   *     or a server is at work that may not be
   */
  public static Moved copy(DatabaseAddress from, DatabaseAddress to, boolean alone) {
    String doing = "copying the database " + from + " to " + to;
    if (from instanceof DatabaseAddress.File(Path file) && !Files.exists(file)) {
      throw Problem.of(ErrorCode.NOT_FOUND, doing)
          .detail("There is no file " + file + ".")
          .asException();
    }
    if (to instanceof DatabaseAddress.File(Path file)) {
      makePrivate(file, doing);
    }
    try (Database source = Database.openAsItIs(from)) {
      MigrationVersion version = version(source, doing);
      Moved moved;
      try (Database target = Database.open(to, version)) {
        requireEmpty(target, version, doing);
        if (alone) {
          requireNobody(source, doing);
        }
        moved = copy(source, target);
      }
      Database.open(to).close();
      return moved;
    } catch (SQLException failed) {
      throw Problem.of(ErrorCode.INTERNAL, doing)
          .detail(String.valueOf(failed.getMessage()))
          .next("Nothing was written. " + from + " is as it was.")
          .asException(failed);
    }
  }

  /**
   * It will know who may do what in the fleet; SQLite would let everybody on the machine read it.
   */
  private static void makePrivate(Path file, String doing) {
    try {
      Path _ =
          Files.createFile(
              file,
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    } catch (FileAlreadyExistsException looked) {
      // Whether anything is in it is seen when it is open.
    } catch (IOException failed) {
      throw Problem.of(ErrorCode.FILE_UNWRITABLE, doing)
          .detail("The file " + file + " cannot be made: " + failed + ".")
          .next("Name a file in a folder that exists and has room.")
          .asException(failed);
    }
  }

  private static MigrationVersion version(Database source, String doing) {
    MigrationVersion version =
        source
            .version()
            .orElseThrow(() ->
                Problem.of(ErrorCode.NOT_FOUND, doing)
                    .detail("There is no fleet's data in " + source.address() + ".")
                    .asException());
    if (version.compareTo(source.newestVersion()) > 0) {
      throw Problem.of(ErrorCode.WRONG_STATE, doing)
          .detail("Its tables are of a newer version of Ratoon.")
          .next("Use the version that its servers are of.")
          .asException();
    }
    return version;
  }

  private static void requireEmpty(Database target, MigrationVersion version, String doing) {
    if (!target.version().equals(Optional.of(version))) {
      throw Problem.of(ErrorCode.WRONG_STATE, doing)
          .detail("There are tables of another version already.")
          .next("Make a new database or name another file; nothing is ever overwritten.")
          .asException();
    }
    if (target.<Boolean>read(tx -> tx.fleet().exists())) {
      throw Problem.of(ErrorCode.WRONG_STATE, doing)
          .detail("A fleet's data is there already.")
          .next("Make a new database or name another file; nothing is ever overwritten.")
          .asException();
    }
  }

  private static void requireNobody(Database source, String doing) {
    if (source.shared() && !source.read(tx -> tx.servers().alive()).isEmpty()) {
      throw Problem.of(ErrorCode.WRONG_STATE, doing)
          .detail("Servers are at work with it.")
          .next("End them first, and wait ten seconds.")
          .asException();
    }
  }

  private static Moved copy(Database source, Database target) throws SQLException {
    try (Connection reading = source.connection();
        Connection writing = target.connection()) {
      begin(reading, source.shared());
      begin(writing, target.shared());
      if (source.shared()) {
        reading.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      }
      long rows = 0;
      List<Table> tables = Tables.of(writing);
      for (Table table : tables) {
        rows += copy(reading, writing, table);
      }
      forgetServers(writing);
      writing.commit();
      reading.rollback();
      return new Moved(tables.size(), rows);
    }
  }

  private static void begin(Connection connection, boolean shared) throws SQLException {
    if (shared) {
      try (Statement statement = connection.createStatement()) {
        statement.execute(
            "set transaction_timeout = 0; set idle_in_transaction_session_timeout = 0");
      }
    }
    connection.setAutoCommit(false);
  }

  private static long copy(Connection reading, Connection writing, Table table)
      throws SQLException {
    List<String> columns = List.copyOf(table.types().keySet());
    String names = String.join(", ", columns);
    String marks = String.join(", ", Collections.nCopies(columns.size(), "?"));
    long rows = 0;
    try (Statement select = reading.createStatement();
        PreparedStatement insert =
            writing.prepareStatement(
                "insert into " + table.name() + " (" + names + ") values (" + marks + ")")) {
      select.setFetchSize(BATCH);
      try (ResultSet row = select.executeQuery("select " + names + " from " + table.name())) {
        while (row.next()) {
          for (int i = 0; i < columns.size(); i++) {
            set(insert, i + 1, row, table.types().getOrDefault(columns.get(i), Types.VARCHAR));
          }
          insert.addBatch();
          if (++rows % BATCH == 0) {
            int[] _ = insert.executeBatch();
          }
        }
      }
      int[] _ = insert.executeBatch();
    }
    return rows;
  }

  private static void set(PreparedStatement insert, int index, ResultSet row, int type)
      throws SQLException {
    // SQLite calls its truths integers.
    boolean truth = row.getMetaData().getColumnType(index) == Types.BIT;
    switch (truth ? Types.BOOLEAN : type) {
      case Types.BOOLEAN, Types.BIT -> insert.setBoolean(index, row.getBoolean(index));
      case Types.BIGINT, Types.INTEGER, Types.SMALLINT -> insert.setLong(index, row.getLong(index));
      case Types.DOUBLE, Types.FLOAT, Types.REAL -> insert.setDouble(index, row.getDouble(index));
      default -> insert.setString(index, row.getString(index));
    }
    if (row.wasNull()) {
      insert.setNull(index, type);
    }
  }

  /** No server works with the copy yet. */
  private static void forgetServers(Connection writing) throws SQLException {
    try (Statement statement = writing.createStatement()) {
      statement.execute("update host set holder = null, report = null");
      statement.execute("update operation set server = null where server is not null");
    }
  }
}
