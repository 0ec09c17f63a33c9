package dev.ratoon.cache.arrival;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.cache.arrival.SimulatedSwarm.Node;
import dev.ratoon.cache.arrival.SimulatedSwarm.Receiver;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One base to several hosts at once costs little more than to one. Prints what it measured. */
class SwarmTest {
  private static final long BYTES = 512L << 20;

  @ParameterizedTest
  @CsvSource({"4, 400, 1.05, 1.1", "8, 200, 1.08, 1.1"})
  void allArriveInLittleMoreTimeThanOne(
      int hosts, int megabits, double mostTime, double mostOfLibrary) {
    Swarm swarm = new Swarm(hosts, megabits, 1);

    double ratio = swarm.run();

    assertThat(ratio).isLessThan(mostTime);
    assertThat(swarm.libraryRatio()).isLessThan(mostOfLibrary);
  }

  @ParameterizedTest
  @CsvSource({"4, 400, 1.15, 1.1", "8, 200, 1.15, 1.1"})
  void aHostThatDiesHalfWayCostsTheOthersLittle(
      int hosts, int megabits, double mostTime, double mostOfLibrary) {
    Swarm swarm = new Swarm(hosts, megabits, 2);
    swarm.swarm.at(swarm.oneCopySeconds() / 2, () -> swarm.receivers.get(1).die());

    double ratio = swarm.run();

    assertThat(ratio).isLessThan(mostTime);
    assertThat(swarm.libraryRatio()).isLessThan(mostOfLibrary);
  }

  @ParameterizedTest
  @CsvSource({"4, 400, 1.15, 1.1", "8, 200, 1.15, 1.1"})
  void aHostThatFallsSilentHalfWayIsSoonLeft(
      int hosts, int megabits, double mostTime, double mostOfLibrary) {
    Swarm swarm = new Swarm(hosts, megabits, 3);
    swarm.swarm.at(swarm.oneCopySeconds() / 2, () -> swarm.receivers.get(1).fallSilent());

    double ratio = swarm.run();

    assertThat(ratio).isLessThan(mostTime);
    assertThat(swarm.libraryRatio()).isLessThan(mostOfLibrary);
  }

  @Test
  void aHostWithASlowLinkDoesNotHoldUpTheOthers() {
    Swarm swarm = new Swarm(3, 400, 4);
    Receiver slow = swarm.swarm.receiver("slow", 50e6 / 8, swarm.library, 0);
    swarm.receivers.add(slow);

    swarm.run();

    double others =
        swarm.receivers.stream()
            .filter(r -> r != slow)
            .mapToLong(r -> r.doneAt)
            .max()
            .orElseThrow();
    System.out.printf("the others after %.3f x one copy%n", others / 1e9 / swarm.oneCopySeconds());
    assertThat(others / 1e9 / swarm.oneCopySeconds()).isLessThan(1.15);
    // The others fetch in its place what it is about to fetch too.
    assertThat(swarm.libraryRatio()).isLessThan(1.25);
  }

  @Test
  void whoComesLateIsServedByTheOthers() {
    Swarm swarm = new Swarm(4, 400, 5);
    Receiver late = swarm.swarm.receiver("late", 400e6 / 8, swarm.library, 6_000_000_000L);
    swarm.receivers.add(late);

    swarm.run();

    double took = late.doneAt / 1e9 - 6;
    System.out.printf("the late one took %.3f x one copy%n", took / swarm.oneCopySeconds());
    assertThat(took / swarm.oneCopySeconds()).isLessThan(1.2);
    assertThat(swarm.libraryRatio()).isLessThan(1.15);
  }

  @Test
  void aHostThatHasAllGivesItLittleMoreThanOnceToFourOthers() {
    Swarm swarm = new Swarm(4, 400, Source.Kind.READY_PEER, 7);

    assertThat(swarm.run()).isLessThan(1.05);
    assertThat(swarm.libraryRatio()).isLessThan(1.1);
  }

  @Test
  void sixteenHostsAreNoDifferent() {
    Swarm swarm = new Swarm(16, 200, 6);

    assertThat(swarm.run()).isLessThan(1.1);
    assertThat(swarm.libraryRatio()).isLessThan(1.1);
  }

  private static final class Swarm {
    final SimulatedSwarm swarm;
    final Node library;
    final List<Receiver> receivers = new ArrayList<>();
    final double bytesPerSecond;

    Swarm(int hosts, int megabits, long seed) {
      this(hosts, megabits, Source.Kind.LIBRARY, seed);
    }

    Swarm(int hosts, int megabits, Source.Kind kind, long seed) {
      bytesPerSecond = megabits * 1e6 / 8;
      swarm = new SimulatedSwarm(BYTES, seed);
      library = swarm.library(bytesPerSecond);
      for (int i = 0; i < hosts; i++) {
        receivers.add(swarm.receiver("host-" + i, bytesPerSecond, library, kind, i * 20_000_000L));
      }
    }

    double oneCopySeconds() {
      return BYTES / bytesPerSecond;
    }

    double libraryRatio() {
      return (double) library.sentBytes / BYTES;
    }

    double run() {
      double ratio = swarm.run() / oneCopySeconds();
      long received = receivers.stream().mapToLong(r -> r.receivedBytes).max().orElseThrow();
      System.out.printf(
          "%d hosts: last one done after %.3f x one copy, library sent %.3f x, most received %.3f"
              + " x%n",
          receivers.size(), ratio, libraryRatio(), (double) received / BYTES);
      return ratio;
    }
  }
}
