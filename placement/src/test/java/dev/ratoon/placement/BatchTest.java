package dev.ratoon.placement;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.ByteSize;
import dev.ratoon.model.HostId;
import dev.ratoon.model.PlacementPreset;
import dev.ratoon.model.PlacementWeights;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Batches beside the best that can be done with them, found by trying every way to spread them over
 * small fleets. What a way takes is reckoned here from scratch: each host fetches the base once, if
 * it lacks it, then starts its VMs one after the other.
 */
class BatchTest {
  private static final int FLEETS = 1000;
  private static final double START_SECONDS = 0.4;

  private record Small(List<HostSnapshot> hosts, int count) {}

  @Test
  void aBatchEndsWithinATenthOfTheSoonestThatIsPossible() {
    Random random = new Random(5);
    int spread = 0;
    for (int i = 0; i < FLEETS; i++) {
      Small small = small(random);
      double best = Double.MAX_VALUE;
      for (int[] way : ways(small.hosts().size(), small.count())) {
        best = Math.min(best, seconds(small, way));
      }
      int[] chosen = chosen(small, PlacementPreset.FASTEST_START);
      double ours = seconds(small, chosen);
      assertThat(ours).as("fleet %d", i).isLessThanOrEqualTo(best * 1.10);
      spread += used(chosen) > 1 ? 1 : 0;
    }
    assertThat(spread).isBetween(FLEETS / 5, FLEETS - FLEETS / 10);
  }

  @Test
  void aBatchSpreadsToAColdHostExactlyWhenItEndsSoonerThatWay() {
    Random random = new Random(6);
    for (int i = 0; i < FLEETS; i++) {
      Small small = small(random);
      int[] warmOnly = null;
      double best = Double.MAX_VALUE;
      double bestWarm = Double.MAX_VALUE;
      for (int[] way : ways(small.hosts().size(), small.count())) {
        double seconds = seconds(small, way);
        best = Math.min(best, seconds);
        if (isWarm(small, way) && seconds < bestWarm) {
          bestWarm = seconds;
          warmOnly = way;
        }
      }
      boolean sooner = best < bestWarm - 0.02;
      boolean notSooner = best > bestWarm - 1e-9;
      if (warmOnly != null && (sooner || notSooner)) {
        FleetSnapshot fleet =
            FleetSnapshot.of(
                small.hosts(),
                FleetSnapshot.Surroundings.of(Policy.of(new PlacementWeights(1, 0, 0, 0, 0))));
        boolean cold = !isWarm(small, counts(small, fleet));
        assertThat(cold).as("fleet %d", i).isEqualTo(sooner);
      }
    }
  }

  private static Small small(Random random) {
    List<HostSnapshot> hosts = new ArrayList<>();
    int count = 2 + random.nextInt(3);
    for (int k = 0; k < count; k++) {
      Fleets.Host host =
          new Fleets.Host(k)
              .memory(ByteSize.GIB * (1 + random.nextInt(8)), 0)
              .vms(3, random.nextInt(3))
              .link((100L + random.nextInt(2000)) * ByteSize.MIB);
      switch (random.nextInt(4)) {
        case 0, 1 -> host.has(Fleets.base(1));
        case 2 -> host.gets(Fleets.base(1), random.nextLong(ByteSize.GIB));
        default -> {}
      }
      hosts.add(host.get());
    }
    int room = hosts.stream().mapToInt(BatchTest::room).sum();
    return new Small(hosts, 1 + random.nextInt(Math.min(room, 8)));
  }

  private static int room(HostSnapshot host) {
    return (int) (host.room().memoryLeft() / ByteSize.GIB);
  }

  /** When the last VM runs. */
  private static double seconds(Small small, int[] way) {
    double last = 0;
    for (int k = 0; k < way.length; k++) {
      HostSnapshot host = small.hosts().get(k);
      if (way[k] > room(host)) {
        return Double.MAX_VALUE;
      }
      if (way[k] > 0) {
        double starts = START_SECONDS * (host.room().starting() + way[k]);
        last = Math.max(last, arrival(small, host) + starts);
      }
    }
    return last;
  }

  private static double arrival(Small small, HostSnapshot host) {
    if (host.bases().ready().contains(Fleets.base(1))) {
      return 0;
    }
    long giving =
        small.hosts().stream()
            .filter(other -> other.bases().ready().contains(Fleets.base(1)))
            .count();
    double rate =
        giving == 0
            ? host.bases().bytesPerSecond()
            : Math.min(host.bases().bytesPerSecond(), giving * Policy.GIGABIT);
    Long coming = host.bases().coming().get(Fleets.base(1));
    return coming != null ? coming / rate : 0.05 + ByteSize.GIB / rate;
  }

  private static boolean isWarm(Small small, int[] way) {
    for (int k = 0; k < way.length; k++) {
      HostSnapshot.Bases bases = small.hosts().get(k).bases();
      if (way[k] > 0 && bases.ready().isEmpty() && bases.coming().isEmpty()) {
        return false;
      }
    }
    return true;
  }

  private static int used(int[] way) {
    int used = 0;
    for (int count : way) {
      used += count > 0 ? 1 : 0;
    }
    return used;
  }

  private static int[] chosen(Small small, PlacementPreset preset) {
    return counts(
        small, FleetSnapshot.of(small.hosts(), FleetSnapshot.Surroundings.of(Policy.of(preset))));
  }

  private static int[] counts(Small small, FleetSnapshot fleet) {
    Placement.Chosen chosen =
        (Placement.Chosen)
            new Placer(fleet)
                .place(Fleets.vm(ByteSize.GIB, Fleets.base(1)), small.count(), Quota.NONE);
    Map<HostId, Integer> counts = new HashMap<>();
    chosen.hosts().forEach(host -> counts.merge(host, 1, Integer::sum));
    return small.hosts().stream().mapToInt(h -> counts.getOrDefault(h.id(), 0)).toArray();
  }

  /** Every way to spread so many over the hosts. */
  private static List<int[]> ways(int hosts, int count) {
    List<int[]> ways = new ArrayList<>();
    spread(new int[hosts], 0, count, ways);
    return ways;
  }

  private static void spread(int[] way, int host, int left, List<int[]> ways) {
    if (host == way.length - 1) {
      way[host] = left;
      ways.add(way.clone());
      return;
    }
    for (int here = 0; here <= left; here++) {
      way[host] = here;
      spread(way, host + 1, left - here, ways);
    }
  }
}
