package dev.ratoon.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.server.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DatabaseTest {
  @TempDir Path folder;

  @Test
  void keepsItsIncarnation() {
    Path file = folder.resolve("a.db");
    try (Database database = Database.open(file)) {
      assertThat(database.<String>write(tx -> tx.fleet().incarnation("first"))).isEqualTo("first");
    }
    try (Database database = Database.open(file)) {
      assertThat(database.<String>write(tx -> tx.fleet().incarnation("other"))).isEqualTo("first");
      assertThat(database.<Settings>read(tx -> tx.fleet().settings())).isEqualTo(Settings.DEFAULT);
    }
  }

  @Test
  void doesAllOfAChangeOrNothing() {
    List<String> after = new ArrayList<>();
    try (Database database = Database.open(folder.resolve("a.db"))) {
      database.<String>write(tx -> tx.fleet().incarnation("x"));

      assertThatThrownBy(() ->
              database.change(tx -> {
                tx.fleet().change(new Settings(false, 1, 2));
                tx.afterCommit(() -> after.add("told"));
                throw new IllegalStateException("on purpose");
              }))
          .hasMessage("on purpose");

      assertThat(after).isEmpty();
      assertThat(database.<Settings>read(tx -> tx.fleet().settings())).isEqualTo(Settings.DEFAULT);
    }
  }

  @Test
  void tellsOfCommitsInTheirOrder() {
    List<String> written = new ArrayList<>();
    List<String> told = new ArrayList<>();
    try (Database database = Database.open(folder.resolve("a.db"))) {
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int i : IntStream.range(0, 40).toArray()) {
          var _ =
              threads.submit(() ->
                  database.change(tx -> {
                    tx.fleet().addTenant("t" + i, Instant.EPOCH);
                    written.add("t" + i);
                    tx.afterCommit(() -> told.add("t" + i));
                  }));
        }
      }
    }

    assertThat(told).hasSize(40).isEqualTo(written);
  }

  @Test
  void aServerOfAnEarlierVersionGoesOnBesideALaterOne() throws Exception {
    DatabaseAddress address = TestDatabase.shared();
    try (Database database = Database.open(address)) {
      database.<String>write(tx -> tx.fleet().incarnation("x"));
      try (Connection connection = database.connection();
          Statement statement = connection.createStatement()) {
        // What a later version's migration does: a column that has a value without being named.
        statement.execute("alter table tenant add column later text");
        statement.execute(
            """
            insert into flyway_schema_history (installed_rank, version, description, type, script,
              installed_by, execution_time, success)
            values (999, '999', 'later', 'SQL', 'V999__later.sql', 'later', 1, true)\
            """);
      }
      database.change(tx -> tx.fleet().addTenant("t", Instant.EPOCH));
    }
    try (Database again = Database.open(address)) {
      assertThat(again.<String>write(tx -> tx.fleet().incarnation("other"))).isEqualTo("x");
    }
  }

  @Test
  void saysWhatToDoWithADamagedFile() throws Exception {
    Path file = folder.resolve("a.db");
    Files.writeString(file, "This is not a database, but it is long enough to be taken for one.");

    assertThatThrownBy(() -> Database.open(file))
        .isInstanceOfSatisfying(
            RatoonException.class,
            failed -> {
              assertThat(failed.problem().code()).isEqualTo(ErrorCode.INTERNAL);
              assertThat(failed.problem().next()).contains("backup");
            });
    assertThat(Files.readString(file)).startsWith("This is not");
  }
}
