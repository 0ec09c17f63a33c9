package dev.ratoon.bench.knowing;

import java.util.List;

/**
 * What one strategy came to.
 *
 * @param seconds from request to running, of each VM, ascending
 * @param warm how many VMs found their base on the host that was chosen
 * @param refused how many found no host
 * @param bytes that came to hosts
 */
record Outcome(
    List<Double> seconds, int warm, int refused, double bytes, double libraryBytes, int arrivals) {

  double percentile(double percent) {
    return seconds.get((int) Math.min(seconds.size() - 1, seconds.size() * percent / 100));
  }

  double mean() {
    double sum = 0;
    for (double each : seconds) {
      sum += each;
    }
    return sum / seconds.size();
  }

  double warmShare() {
    return (double) warm / seconds.size();
  }
}
