package dev.ratoon.cache.arrival;

import static dev.ratoon.cache.arrival.Source.Kind.READY_PEER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.cache.Base;
import dev.ratoon.cache.Cache;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Arrivals in processes that are killed with SIGKILL, at any moment: what is published is whole,
 * what was verified is not lost. More of them: {@code -Dratoon.kills=100}.
 */
class KilledArrivalTest {
  private static final int KILLS = Integer.getInteger("ratoon.kills", 6);
  private static final int SIZE = 32 << 20;
  private static final int LONGEST_RUN_MILLIS = 500;

  @TempDir Path work;

  @Test
  void anArrivalThatIsKilledAgainAndAgainEndsWithTheBase() throws Exception {
    Path home = work.resolve("cache");
    Random random = new Random(KILLS);
    int number = 0;
    for (int kill = 0; kill < KILLS; number++) {
      TestBase base = TestBase.random(work, SIZE, number);
      boolean ended = false;
      while (!ended && kill < KILLS) {
        ended = letRun(home, number, random.nextInt(LONGEST_RUN_MILLIS));
        kill += ended ? 0 : 1;
        checkPublished(home, base);
      }
      finish(home, base);
    }
  }

  /** Whether it ended by itself. */
  private static boolean letRun(Path home, int number, int millis) throws Exception {
    Process process = start(home, number);
    try (BufferedReader lines = process.inputReader()) {
      String begun = lines.readLine();
      assertThat(begun).isEqualTo("begun");
      boolean ended = process.waitFor(millis, TimeUnit.MILLISECONDS);
      assertThat(ended && process.exitValue() != 0).as("it failed by itself").isFalse();
      return ended;
    } finally {
      process.toHandle().destroyForcibly();
      process.waitFor();
    }
  }

  private static void checkPublished(Path home, TestBase base) throws IOException {
    try (Cache cache = Cache.open(home, 2, InstantSource.system())) {
      if (cache.find(base.id()).isPresent()) {
        assertThat(Files.readAllBytes(cache.use(base.id()).path())).isEqualTo(base.content());
        assertThat(cache.unfinishedArrivals()).isEmpty();
      }
    }
  }

  private static void finish(Path home, TestBase base) throws Exception {
    try (TestHost host = new TestHost(home)) {
      Base arrived = host.bring(base, host.source("peer", READY_PEER, base)).result().join();
      assertThat(Files.readAllBytes(arrived.path())).isEqualTo(base.content());
      assertThat(host.incoming()).isEmpty();
    }
  }

  private static Process start(Path home, int number) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Xshare:auto",
            "-cp",
            System.getProperty("java.class.path"),
            OneArrival.class.getName(),
            home.toString(),
            Integer.toString(number))
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  /** The victim: lets one base arrive, not too fast, and ends. */
  static final class OneArrival {
    private OneArrival() {}

    public static void main(String[] args) throws Exception {
      TestBase base =
          TestBase.random(Files.createTempDirectory("victim"), SIZE, Integer.parseInt(args[1]));
      try (TestHost host = new TestHost(Path.of(args[0]))) {
        FakeSource peer = host.source("peer", READY_PEER, base);
        peer.behaving((_, right, reply) -> {
          LockSupport.parkNanos(500_000);
          reply.arrived(ByteBuffer.wrap(right));
        });
        ArrivalTicket ticket =
            host.arrivals()
                .bring(base.id(), base.manifest().size(), Priority.DEPLOY, List.of(peer));
        System.out.println("begun");
        ticket.result().join();
      }
    }
  }
}
