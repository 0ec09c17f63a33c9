package dev.ratoon.protocol.channel;

/** How long a byte takes, as measured lately. One thread at a time measures, any may ask. */
final class Pace {
  /** The weight of what was measured before: a handful of measurements decides. */
  private static final double MEMORY = 0.6;

  private volatile double nanosPerByte;

  void measured(long bytes, long nanos) {
    if (bytes > 0) {
      double now = (double) nanos / bytes;
      double before = nanosPerByte;
      nanosPerByte = before == 0 ? now : MEMORY * before + (1 - MEMORY) * now;
    }
  }

  /** 0 as long as nothing was measured. */
  double nanosPerByte() {
    return nanosPerByte;
  }
}
