package dev.ratoon.server.together;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.server.TestDatabase;
import dev.ratoon.server.store.Bell;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.DatabaseAddress;
import dev.ratoon.server.store.Lease;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;

/** Which servers are of one generation. */
final class SeatTest {
  private static final InstantSource CLOCK = InstantSource.system();

  /** A server that is paused while the others die. */
  @Test
  void whoComesBackAfterAGenerationHasBegunIsOfThatOne() {
    DatabaseAddress.Shared address = (DatabaseAddress.Shared) TestDatabase.shared();
    try (Database database = Database.open(address);
        Bell bell = Bell.of(address)) {
      Lease silent = begin(database, "silent", Duration.ofSeconds(-1));

      Seat first = Seat.take(database, bell, CLOCK);
      Seat second = Seat.take(database, bell, CLOCK);

      assertThat(generation(database, first.run()))
          .isEqualTo(generation(database, "silent") + 1)
          .isEqualTo(generation(database, second.run()));
      assertThat(
              database.<Boolean>writeFreely(
                  tx -> tx.servers().renew(silent, Duration.ofMinutes(1))))
          .isFalse();
    }
  }

  private static Lease begin(Database database, String run, Duration lease) {
    return database.writeFreely(tx -> {
      tx.fleet().began(run, true, Instant.EPOCH);
      return tx.servers().begin(run, "", lease);
    });
  }

  private static long generation(Database database, String run) {
    return database.read(tx -> tx.fleet().generation(run)).orElseThrow();
  }
}
