package dev.ratoon.bench.knowing;

import dev.ratoon.model.ByteSize;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Who asks for which VMs when, and how long each of them runs: the same for every strategy. Three
 * of four requests are for one VM, some for up to ten, a few for up to sixty. As many are asked for
 * as end, once the fleet is as full as the setting says.
 */
final class Workload {
  /** How long a VM runs on average. */
  static final double LIFE_SECONDS = 1200;

  /** From here on it is measured: VMs end about as often as they begin. */
  static final double MEASURED_FROM = 1.5 * LIFE_SECONDS;

  static final double MEASURED_UNTIL = MEASURED_FROM + 1200;

  private static final long[] MEMORY_GIB = {1, 1, 2, 2, 2, 4, 4, 4, 8, 12};
  private static final double MEAN_MEMORY_GIB = 4;
  private static final double MEAN_VMS = 0.75 + 0.20 * 6 + 0.05 * 40;

  private final List<Request> requests = new ArrayList<>();

  /**
   * Equal VMs that are asked for together.
   *
   * @param lives how long each of them runs, in seconds
   */
  record Request(double at, Catalogue.Base base, int cpus, long memoryBytes, List<Double> lives) {}

  Workload(Setting setting, Catalogue catalogue) {
    Random random = new Random(setting.seed() + 1);
    double vms = setting.load() * setting.hosts() * Host.MEMORY_BYTES;
    double each = MEAN_MEMORY_GIB * ByteSize.GIB * MEAN_VMS;
    double everySeconds = LIFE_SECONDS / (vms / each);
    for (double at = exponential(random, everySeconds);
        at < MEASURED_UNTIL;
        at += exponential(random, everySeconds)) {
      long gibibytes = MEMORY_GIB[random.nextInt(MEMORY_GIB.length)];
      List<Double> lives = new ArrayList<>();
      for (int left = vms(random); left > 0; left--) {
        lives.add(exponential(random, LIFE_SECONDS));
      }
      requests.add(
          new Request(
              at,
              catalogue.asked(random, at),
              (int) Math.max(1, gibibytes / 2),
              gibibytes * ByteSize.GIB,
              lives));
    }
  }

  private static int vms(Random random) {
    int kind = random.nextInt(100);
    if (kind < 75) {
      return 1;
    }
    return kind < 95 ? 2 + random.nextInt(9) : 20 + random.nextInt(41);
  }

  private static double exponential(Random random, double mean) {
    return -mean * Math.log(1 - random.nextDouble());
  }

  List<Request> requests() {
    return requests;
  }
}
