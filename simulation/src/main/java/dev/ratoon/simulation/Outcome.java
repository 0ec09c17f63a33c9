package dev.ratoon.simulation;

import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * What a simulation came to.
 *
 * @param simulated how long it lasted in its own time, and {@code real}: on the machine
 * @param millisToRunning of each VM that was deployed, simulated, the shortest first
 * @param reservationNanos of each deploy's answer, real, the shortest first
 */
record Outcome(
    int hosts,
    int vms,
    int refused,
    int faults,
    Duration simulated,
    Duration real,
    long events,
    long movedBytes,
    List<Long> millisToRunning,
    List<Long> reservationNanos,
    List<String> broken) {
  private static final double MILLION = 1e6;

  /** The value that so much of a hundred is at most; 0 where there is none. */
  static long percentile(List<Long> sorted, int percent) {
    return sorted.isEmpty()
        ? 0
        : sorted.get(Math.min(sorted.size() - 1, sorted.size() * percent / 100));
  }

  static String header() {
    return "  hosts      VMs  refused  faults  running after: median     p95      p99  reserved in: median   p99  moved      simulated   real   events";
  }

  String row() {
    return String.format(
        Locale.ROOT,
        "%7d %8d %8d %7d %20.2f s %7.2f s %7.2f s %15.1f ms %5.1f ms %6.1f TB %6d s %6d s %8d",
        hosts,
        vms,
        refused,
        faults,
        percentile(millisToRunning, 50) / 1000.0,
        percentile(millisToRunning, 95) / 1000.0,
        percentile(millisToRunning, 99) / 1000.0,
        percentile(reservationNanos, 50) / MILLION,
        percentile(reservationNanos, 99) / MILLION,
        movedBytes / 1e12,
        simulated.toSeconds(),
        real.toSeconds(),
        events);
  }

  static String csvHeader() {
    return "hosts,vms,running_median_seconds,running_p95_seconds,running_p99_seconds,"
        + "reserved_median_millis,reserved_p99_millis,moved_bytes,simulated_seconds,real_seconds";
  }

  String csv() {
    return String.format(
        Locale.ROOT,
        "%d,%d,%.3f,%.3f,%.3f,%.3f,%.3f,%d,%d,%d",
        hosts,
        vms,
        percentile(millisToRunning, 50) / 1000.0,
        percentile(millisToRunning, 95) / 1000.0,
        percentile(millisToRunning, 99) / 1000.0,
        percentile(reservationNanos, 50) / MILLION,
        percentile(reservationNanos, 99) / MILLION,
        movedBytes,
        simulated.toSeconds(),
        real.toSeconds());
  }
}
