package dev.ratoon.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.RatoonException;
import dev.ratoon.server.TestDatabase;
import dev.ratoon.server.store.MemberTable.Member;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.UUID;
import org.flywaydb.core.api.MigrationVersion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A fleet's data goes from SQLite to PostgreSQL and back, and is the same. */
final class MovingTest {
  private static final Member MEMBER =
      new Member(
          new HostId(new UUID(1, 2)),
          new EntityName("h1"),
          Optional.empty(),
          new TreeSet<>(List.of("gpu")),
          true,
          Optional.of("ab"),
          Instant.ofEpochMilli(7),
          Optional.empty(),
          Optional.of(9L),
          true);

  @TempDir Path folder;

  private static void fill(DatabaseAddress address) {
    try (Database database = Database.open(address)) {
      database.change(tx -> {
        String _ = tx.fleet().incarnation("one");
        tx.fleet().began("run", true, Instant.EPOCH);
        tx.fleet().addTenant("default", Instant.ofEpochMilli(5));
        tx.members().put(MEMBER);
      });
    }
  }

  private static void assertFilled(DatabaseAddress address) {
    try (Database database = Database.open(address)) {
      database.change(tx -> {
        assertThat(tx.fleet().incarnation("other")).isEqualTo("one");
        assertThat(tx.fleet().generation("run")).contains(1L);
        assertThat(tx.members().all()).containsExactly(MEMBER);
      });
    }
  }

  @Test
  void aBackupIsForItsOwnerAlone() throws Exception {
    Path backup = folder.resolve("backup.db");
    DatabaseAddress source = new DatabaseAddress.File(folder.resolve("source.db"));
    fill(source);

    Moving.Moved _ = Moving.copy(source, new DatabaseAddress.File(backup), false);

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(backup)))
        .isEqualTo("rw-------");
    assertThatThrownBy(() ->
            Moving.copy(
                source, new DatabaseAddress.File(folder.resolve("nowhere/backup.db")), false))
        .isInstanceOf(RatoonException.class)
        .hasMessageContaining("cannot be made");
  }

  @Test
  void thereAndBack() {
    DatabaseAddress first = new DatabaseAddress.File(folder.resolve("a.db"));
    DatabaseAddress shared = TestDatabase.shared();
    DatabaseAddress back = new DatabaseAddress.File(folder.resolve("b.db"));
    fill(first);

    Moving.Moved there = Moving.copy(first, shared, true);
    Moving.Moved again = Moving.copy(shared, back, true);

    assertThat(there).isEqualTo(again);
    assertThat(there.rows()).isEqualTo(4);
    assertFilled(shared);
    assertFilled(back);
  }

  @Test
  void theSourceStaysOfItsVersion() throws Exception {
    DatabaseAddress old = new DatabaseAddress.File(folder.resolve("a.db"));
    MigrationVersion before = MigrationVersion.fromVersion("20");
    try (Database database = Database.open(old, before);
        Connection connection = database.connection();
        Statement statement = connection.createStatement()) {
      database.change(tx -> {
        String _ = tx.fleet().incarnation("one");
      });
      int _ =
          statement.executeUpdate(
              "insert into member (host, name, tags, maintenance, joined_at) values"
                  + " ('00000000-0000-0000-0000-000000000001', 'h1', '', true, 7)");
    }
    DatabaseAddress copy = new DatabaseAddress.File(folder.resolve("b.db"));

    Moving.Moved _ = Moving.copy(old, copy, false);

    try (Database source = Database.openAsItIs(old);
        Database target = Database.open(copy)) {
      assertThat(source.version()).contains(before);
      assertThat(target.version()).contains(target.newestVersion());
      assertThat(target.<List<Member>>read(tx -> tx.members().all()))
          .singleElement()
          .satisfies(member -> assertThat(member.draining()).isFalse());
    }
  }

  @Test
  void whatHoldsNoFleetIsLeftAsItIs() {
    DatabaseAddress empty = new DatabaseAddress.File(folder.resolve("a.db"));
    DatabaseAddress target = new DatabaseAddress.File(folder.resolve("b.db"));
    Database.openAsItIs(empty).close();

    assertThatThrownBy(() -> Moving.copy(empty, target, false))
        .isInstanceOf(RatoonException.class)
        .hasMessageContaining("no fleet's data");
  }

  @Test
  void nothingIsOverwritten() {
    DatabaseAddress first = new DatabaseAddress.File(folder.resolve("a.db"));
    DatabaseAddress second = new DatabaseAddress.File(folder.resolve("b.db"));
    fill(first);
    fill(second);

    assertRefused(first, second, "already");
  }

  @Test
  void aDatabaseIsNotLeftWhileServersAreAtWork() {
    DatabaseAddress shared = TestDatabase.shared();
    fill(shared);
    try (Database database = Database.open(shared)) {
      Lease _ = database.writeFreely(tx -> tx.servers().begin("on", "", Duration.ofMinutes(1)));
      DatabaseAddress file = new DatabaseAddress.File(folder.resolve("a.db"));
      assertRefused(shared, file, "at work");

      // A backup may be made all the same.
      assertThat(Moving.copy(shared, file, false).rows()).isEqualTo(4);
    }
  }

  private static void assertRefused(DatabaseAddress from, DatabaseAddress to, String why) {
    assertThatThrownBy(() -> Moving.copy(from, to, true))
        .isInstanceOfSatisfying(
            RatoonException.class,
            refused -> {
              assertThat(refused.problem().code()).isEqualTo(ErrorCode.WRONG_STATE);
              assertThat(refused.problem().detail()).contains(why);
            });
  }
}
