package dev.ratoon.bench.placement;

import com.sun.management.ThreadMXBean;
import dev.ratoon.bench.Report;
import dev.ratoon.model.HostId;
import dev.ratoon.placement.FleetSnapshot;
import dev.ratoon.placement.HostSnapshot;
import dev.ratoon.placement.Placement;
import dev.ratoon.placement.Placer;
import dev.ratoon.placement.Quota;
import dev.ratoon.placement.Ranking;
import dev.ratoon.placement.VmNeeds;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/**
 * Choosing hosts on one core: how many choices a second, each VM placed before the next is chosen;
 * whether each choice is the first of the whole ranking; what the whole ranking takes, with the
 * reasons of a hundred hosts of each kind in words; what is allocated; and how that grows with the
 * fleet.
 */
public final class PlacementBenchmark {
  private static final int SMALL = 10_000;
  private static final int LARGE = 100_000;
  private static final int REQUESTS = 20_000;
  private static final int ROUNDS = 5;
  private static final int RANKED = 10_000_000;
  private static final int COMPARED = 500;
  private static final int SHOWN = 100;
  private static final double MICRO = 1000;

  private final Report report;

  public PlacementBenchmark(Report report) {
    this.report = report;
  }

  /** What was measured of one fleet. */
  private record Measured(
      double choiceMicros, double rankingMedianMicros, double rankingP99Micros, long allocated) {}

  public void run() {
    Measured small = measure(SMALL);
    Measured large = measure(LARGE);
    report.atLeast("placement-decisions-a-second", 1e6 / small.choiceMicros(), 50_000);
    report.atMost("placement-ranking-p99-millis", small.rankingP99Micros() / MICRO, 5);
    report.atMost("placement-bytes-for-a-choice", (double) small.allocated(), 8192);
    report.atMost(
        "placement-choice-times-slower-at-100000", large.choiceMicros() / small.choiceMicros(), 12);
    report.atMost(
        "placement-ranking-times-slower-at-100000",
        large.rankingMedianMicros() / small.rankingMedianMicros(),
        12);
  }

  private Measured measure(int count) {
    LargeFleet made = new LargeFleet();
    List<HostSnapshot> hosts = made.hosts(count);
    long began = System.nanoTime();
    FleetSnapshot fleet = made.fleet(hosts);
    double built = (System.nanoTime() - began) / 1e6;
    List<VmNeeds> requests = new ArrayList<>();
    for (int i = 0; i < REQUESTS; i++) {
      requests.add(made.request());
    }
    int wrong = compare(fleet, requests);
    double[] micros = new double[ROUNDS];
    long allocated = 0;
    for (int round = 0; round < ROUNDS; round++) {
      long bytes = allocatedBytes();
      began = System.nanoTime();
      choose(fleet, requests);
      micros[round] = (System.nanoTime() - began) / MICRO / REQUESTS;
      allocated = (allocatedBytes() - bytes) / REQUESTS;
      fleet.undo(0);
    }
    Arrays.sort(micros);
    double[] rankings = rankings(fleet, requests);
    Measured measured =
        new Measured(
            micros[ROUNDS / 2],
            rankings[rankings.length / 2],
            rankings[rankings.length * 99 / 100],
            allocated);
    report.note(
        String.format(
            Locale.ROOT,
            "%,d hosts, 200 bases, 500 images: made in %.0f ms; a choice %.1f us (%.0f a second),"
                + " %d bytes; the whole ranking %.2f ms, p99 %.2f ms; a scan of two numbers %.1f us",
            count,
            built,
            measured.choiceMicros(),
            1e6 / measured.choiceMicros(),
            allocated,
            measured.rankingMedianMicros() / MICRO,
            measured.rankingP99Micros() / MICRO,
            naive(hosts)));
    report.atMost("placement-choices-not-first-of-the-ranking-" + count, wrong, 0);
    return measured;
  }

  /** How many choices were not the first of the ranking. */
  private static int compare(FleetSnapshot fleet, List<VmNeeds> requests) {
    Placer placer = new Placer(fleet);
    int wrong = 0;
    for (VmNeeds needs : requests.subList(0, COMPARED)) {
      List<Ranking.Target> targets = Ranking.of(fleet, needs).targets();
      boolean same =
          switch (placer.place(needs, 1, Quota.NONE)) {
            case Placement.Chosen chosen ->
                !targets.isEmpty() && chosen.hosts().getFirst().equals(targets.getFirst().host());
            case Placement.Refused _ -> targets.isEmpty();
          };
      wrong += same ? 0 : 1;
    }
    fleet.undo(0);
    return wrong;
  }

  private static void choose(FleetSnapshot fleet, List<VmNeeds> requests) {
    Placer placer = new Placer(fleet);
    for (VmNeeds needs : requests) {
      HostId host = placer.choose(needs).orElseThrow();
      Objects.requireNonNull(host);
    }
  }

  private static double[] rankings(FleetSnapshot fleet, List<VmNeeds> requests) {
    double[] micros = new double[Math.clamp(RANKED / fleet.size(), 10, 1000)];
    int letters = 0;
    for (int warm = 0; warm < 6; warm++) {
      for (int i = 0; i < micros.length; i++) {
        long began = System.nanoTime();
        Ranking ranking = Ranking.of(fleet, requests.get(i));
        letters += shown(ranking);
        micros[i] = (System.nanoTime() - began) / MICRO;
      }
    }
    if (letters == 0) {
      throw new IllegalStateException("nothing was said");
    }
    Arrays.sort(micros);
    return micros;
  }

  private static int shown(Ranking ranking) {
    int letters = 0;
    List<Ranking.Target> targets = ranking.targets();
    for (Ranking.Target target : targets.subList(0, Math.min(SHOWN, targets.size()))) {
      letters += String.join("; ", target.terms().reasons()).length();
    }
    List<Placement.Refusal> refusals = ranking.refusals();
    for (Placement.Refusal refusal : refusals.subList(0, Math.min(SHOWN, refusals.size()))) {
      letters += String.join("; ", refusal.reasons()).length();
    }
    return letters;
  }

  /** Microseconds to find the host with most memory left that has a processor left. */
  private static double naive(List<HostSnapshot> hosts) {
    long[] memory = new long[hosts.size()];
    long[] cpus = new long[hosts.size()];
    for (int h = 0; h < memory.length; h++) {
      HostSnapshot.Room room = hosts.get(h).room();
      memory[h] = room.memoryBytes() - room.memoryReservedBytes();
      cpus[h] = room.cpuPromises() - room.cpusReserved();
    }
    int scans = 5000;
    long found = 0;
    long began = 0;
    for (int i = 0; i < 2 * scans; i++) {
      began = i == scans ? System.nanoTime() : began;
      int best = 0;
      for (int h = 1; h < memory.length; h++) {
        best = cpus[h] > i % 4 && memory[h] > memory[best] ? h : best;
      }
      found += best;
    }
    return found < 0 ? 0 : (System.nanoTime() - began) / MICRO / scans;
  }

  private static long allocatedBytes() {
    return ManagementFactory.getPlatformMXBean(ThreadMXBean.class).getCurrentThreadAllocatedBytes();
  }
}
