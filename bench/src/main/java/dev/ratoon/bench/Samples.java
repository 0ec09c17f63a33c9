package dev.ratoon.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/** Times of one thing, measured several times. */
final class Samples {
  private final String name;
  private final List<Double> seconds = new ArrayList<>();

  /** Work that is timed. */
  @FunctionalInterface
  interface Work {
    void run() throws Exception;
  }

  Samples(String name) {
    this.name = name;
  }

  /** Does the work once and notes how long it took. */
  void time(Work work) throws Exception {
    long begin = System.nanoTime();
    work.run();
    add((System.nanoTime() - begin) / 1e9);
  }

  void add(double measuredSeconds) {
    seconds.add(measuredSeconds);
  }

  double median() {
    return quantile(0.5);
  }

  /** For the table: name, median, smallest and largest, in milliseconds. */
  String row() {
    return String.format(
        Locale.ROOT,
        "%-58s %10.2f %10.2f %10.2f %6d",
        name,
        1000 * median(),
        1000 * quantile(0),
        1000 * quantile(1),
        seconds.size());
  }

  /** How fast that is, if it was so many bytes. */
  String megabytesEachSecond(long bytes) {
    return String.format(Locale.ROOT, "%-58s %10.0f MB/s", name, bytes / 1e6 / median());
  }

  static String header() {
    return String.format(
        Locale.ROOT, "%-58s %10s %10s %10s %6s", "milliseconds", "median", "least", "most", "runs");
  }

  /**
   * The median of the ratios of pairs measured in turn: it holds when the machine's speed drifts.
   */
  static double medianRatio(Samples numerator, Samples denominator) {
    Samples ratios = new Samples("ratios");
    for (int i = 0; i < Math.min(numerator.seconds.size(), denominator.seconds.size()); i++) {
      ratios.add(numerator.seconds.get(i) / denominator.seconds.get(i));
    }
    return ratios.median();
  }

  private double quantile(double q) {
    List<Double> sorted = new ArrayList<>(seconds);
    Collections.sort(sorted);
    int last = sorted.size() - 1;
    double at = q * last;
    int below = (int) Math.floor(at);
    int above = Math.min(last, below + 1);
    return sorted.get(below) + (at - below) * (sorted.get(above) - sorted.get(below));
  }
}
