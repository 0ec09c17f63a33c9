package dev.ratoon.bench.knowing;

/**
 * What one strategy came to.
 *
 * @param seconds from request to running, of each VM, ascending
 * @param warm how many VMs found their base on the host that was chosen
 * @param refused how many found no host
 * @param bytes that came to hosts
 */
record Outcome(
    double[] seconds, int warm, int refused, double bytes, double libraryBytes, int arrivals) {

  double percentile(double percent) {
    return seconds[(int) Math.min(seconds.length - 1, seconds.length * percent / 100)];
  }

  double mean() {
    double sum = 0;
    for (double each : seconds) {
      sum += each;
    }
    return sum / seconds.length;
  }

  double warmShare() {
    return (double) warm / seconds.length;
  }
}
