package dev.ratoon.cache.arrival;

import static dev.ratoon.cache.arrival.Source.Kind.READY_PEER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.cache.Base;
import dev.ratoon.cache.Cache;
import dev.ratoon.cache.Replica;
import dev.ratoon.model.Layout;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Arrays;
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
  private static final int UPGRADES = 1000;
  private static final int LONGEST_RUN_MILLIS = 500;

  @TempDir Path work;

  @Test
  void anArrivalThatIsKilledAgainAndAgainEndsWithTheBase() throws Exception {
    killAgainAndAgain(work.resolve("cache"), 0);
  }

  @Test
  void oneThatIsStoredAsADeltaDoesToo() throws Exception {
    Path home = work.resolve("cache");
    finish(home, old(work));

    killAgainAndAgain(home, UPGRADES);

    try (Cache cache = Cache.open(home, 2, InstantSource.system())) {
      assertThat(cache.replicas()).extracting(Replica::layout).contains(Layout.DELTA);
    }
  }

  private void killAgainAndAgain(Path home, int first) throws Exception {
    Random random = new Random(KILLS);
    int number = first;
    for (int kill = 0; kill < KILLS; number++) {
      TestBase base = base(work, number);
      boolean ended = false;
      while (!ended && kill < KILLS) {
        int millis = number < UPGRADES ? LONGEST_RUN_MILLIS : LONGEST_RUN_MILLIS / 3;
        ended = letRun(home, number, random.nextInt(millis));
        kill += ended ? 0 : 1;
        checkPublished(home, base);
      }
      finish(home, base);
    }
  }

  private static TestBase old(Path work) throws IOException {
    return TestBase.random(work, SIZE, UPGRADES);
  }

  /** From a number on they are upgrades of the old one; a third of it differs. */
  private static TestBase base(Path work, int number) throws IOException {
    return number < UPGRADES
        ? TestBase.random(work, SIZE, number)
        : old(work).upgraded(work, SIZE, SIZE / TestBase.BLOCK / 3, number);
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
        assertThat(Arrays.equals(TestHost.read(cache, cache.use(base.id())), base.content()))
            .isTrue();
        assertThat(cache.unfinishedArrivals()).isEmpty();
      }
    }
  }

  private static void finish(Path home, TestBase base) throws Exception {
    try (TestHost host = new TestHost(home)) {
      useAll(host.cache());
      Base arrived = host.bring(base, host.source("peer", READY_PEER, base)).result().join();
      assertThat(Arrays.equals(host.read(arrived), base.content())).isTrue();
      assertThat(host.incoming()).isEmpty();
    }
  }

  /** Looks at the content of bases whose immutable flag a test has taken. */
  private static void useAll(Cache cache) {
    cache.replicas().forEach(replica -> cache.use(replica.base().id()));
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
          base(Files.createTempDirectory("victim"), Integer.parseInt(args[1]));
      try (TestHost host = new TestHost(Path.of(args[0]))) {
        useAll(host.cache());
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
