package dev.ratoon.protocol.channel;

/** How long a byte takes, as measured lately. One thread measures, any may ask. */
final class Pace {
  /** The weight of what was measured before: a handful of chunks decides. */
  private static final double MEMORY = 0.8;

  private volatile double nanosPerByte = Double.NaN;

  void measured(long bytes, long nanos) {
    if (bytes > 0) {
      double now = (double) nanos / bytes;
      double before = nanosPerByte;
      nanosPerByte = Double.isNaN(before) ? now : MEMORY * before + (1 - MEMORY) * now;
    }
  }

  /** NaN as long as nothing was measured. */
  double nanosPerByte() {
    return nanosPerByte;
  }
}
