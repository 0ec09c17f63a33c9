package dev.ratoon.cache.arrival;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.cache.arrival.SimulatedSwarm.Node;
import dev.ratoon.cache.arrival.SimulatedSwarm.Receiver;
import java.util.ArrayList;
import java.util.List;
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
  @CsvSource({"4, 400, 1.15, 1.2", "8, 200, 1.15, 1.2"})
  void aHostThatDiesHalfWayCostsTheOthersLittle(
      int hosts, int megabits, double mostTime, double mostOfLibrary) {
    Swarm swarm = new Swarm(hosts, megabits, 2);
    swarm.swarm.at(swarm.oneCopySeconds() / 2, () -> swarm.receivers.get(1).die());

    double ratio = swarm.run();

    assertThat(ratio).isLessThan(mostTime);
    assertThat(swarm.libraryRatio()).isLessThan(mostOfLibrary);
  }

  @ParameterizedTest
  @CsvSource({"4, 400, 1.3, 1.2", "8, 200, 1.3, 1.2"})
  void aHostThatFallsSilentHalfWayIsSoonLeft(
      int hosts, int megabits, double mostTime, double mostOfLibrary) {
    Swarm swarm = new Swarm(hosts, megabits, 3);
    swarm.swarm.at(swarm.oneCopySeconds() / 2, () -> swarm.receivers.get(1).fallSilent());

    double ratio = swarm.run();

    assertThat(ratio).isLessThan(mostTime);
    assertThat(swarm.libraryRatio()).isLessThan(mostOfLibrary);
  }

  private static final class Swarm {
    final SimulatedSwarm swarm;
    final Node library;
    final List<Receiver> receivers = new ArrayList<>();
    final double bytesPerSecond;

    Swarm(int hosts, int megabits, long seed) {
      bytesPerSecond = megabits * 1e6 / 8;
      swarm = new SimulatedSwarm(BYTES, seed);
      library = swarm.library(bytesPerSecond);
      for (int i = 0; i < hosts; i++) {
        receivers.add(swarm.receiver("host-" + i, bytesPerSecond, library, i * 20_000_000L));
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
          "%d hosts: last one done after %.3f x one copy, library sent %.3f x, most received %.3f x%n",
          receivers.size(), ratio, libraryRatio(), (double) received / BYTES);
      return ratio;
    }
  }
}
