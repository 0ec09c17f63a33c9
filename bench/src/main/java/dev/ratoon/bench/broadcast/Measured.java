package dev.ratoon.bench.broadcast;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** What was measured of one way, round by round. */
final class Measured {
  private final String name;
  private final List<Run> runs = new ArrayList<>();

  /**
   * One round.
   *
   * @param seconds until the last host had written all of it
   * @param plainSeconds what one plain copy took in the same round
   * @param syncSeconds what the disk of this machine, which all hosts share, took then to have it
   * @param librarySent what the library's link carried away, with all headers, in multiples of the
   *     file
   * @param busy how much of this machine's processors was busy meanwhile, 0 to 1
   */
  record Run(
      double seconds, double plainSeconds, double syncSeconds, double librarySent, double busy) {}

  Measured(String name) {
    this.name = name;
  }

  void add(Run run) {
    runs.add(run);
  }

  /** How many plain copies it took as long as, by the median of the rounds' ratios. */
  double ratio() {
    return median(run -> run.seconds() / run.plainSeconds());
  }

  double librarySent() {
    return median(Run::librarySent);
  }

  private double median(ToDoubleFunction<Run> value) {
    double[] sorted = runs.stream().mapToDouble(value).sorted().toArray();
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  static String header() {
    return String.format(
        Locale.ROOT,
        "%-30s %9s %8s %16s %9s %13s %6s",
        "medians",
        "seconds",
        "copies",
        "(all rounds)",
        "then sync",
        "library sent",
        "CPU");
  }

  String row() {
    double[] ratios =
        runs.stream().mapToDouble(r -> r.seconds() / r.plainSeconds()).sorted().toArray();
    return String.format(
        Locale.ROOT,
        "%-30s %8.2fs %7.3fx %7.3f-%7.3fx %8.2fs %12.3fx %5.0f%%",
        name,
        median(Run::seconds),
        ratio(),
        ratios[0],
        ratios[ratios.length - 1],
        median(Run::syncSeconds),
        librarySent(),
        100 * median(Run::busy));
  }
}
