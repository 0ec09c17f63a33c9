package dev.ratoon.placement;

import dev.ratoon.model.ByteSize;

/**
 * What is known of a host, or of a number of hosts, as a row of numbers. The row of many holds the
 * least or the most of theirs, whichever speaks more for them: so what a row says of a request is
 * never worse than what any of its hosts says. Costs are nanoseconds; they are whole numbers, so
 * that this holds to the last bit.
 */
final class Row {
  /** Cost of the host before a VM is placed there, the start of that VM included. */
  static final int STANDING = 0;

  /** The same where a base disk has to come: what is on its way already is waited for first. */
  static final int COLD = 1;

  /** Cost of each MiB of memory, each processor and each MiB of disk that a VM takes. */
  static final int MEMORY_RATE = 2;

  static final int CPU_RATE = 3;
  static final int DISK_RATE = 4;

  /** Cost of each MiB that has to come. */
  static final int ARRIVAL_RATE = 5;

  /** The weight of a second, in thousandths. */
  static final int SECOND_WEIGHT = 6;

  static final int MEMORY_LEFT = 7;
  static final int DISK_LEFT = 8;
  static final int CPUS_LEFT = 9;
  static final int FIRST_SHAPE = 10;
  static final int LAST_SHAPE = 11;

  /** Number of the first host, which wins where two cost the same. */
  static final int HOST = 12;

  static final int LENGTH = 13;

  static final long NANOS = 1_000_000_000;

  private Row() {}

  static void copy(long[] from, int at, long[] to, int toAt) {
    System.arraycopy(from, at, to, toAt, LENGTH);
  }

  /** Adds a row to that of many. */
  static void merge(long[] from, int at, long[] to, int toAt) {
    for (int i = STANDING; i <= SECOND_WEIGHT; i++) {
      to[toAt + i] = Math.min(to[toAt + i], from[at + i]);
    }
    for (int i = MEMORY_LEFT; i <= CPUS_LEFT; i++) {
      to[toAt + i] = Math.max(to[toAt + i], from[at + i]);
    }
    to[toAt + FIRST_SHAPE] = Math.min(to[toAt + FIRST_SHAPE], from[at + FIRST_SHAPE]);
    to[toAt + LAST_SHAPE] = Math.max(to[toAt + LAST_SHAPE], from[at + LAST_SHAPE]);
    to[toAt + HOST] = Math.min(to[toAt + HOST], from[at + HOST]);
  }

  /** Rounded up: what is there at all counts. */
  static long mebibytes(long bytes) {
    return (bytes + ByteSize.MIB - 1) / ByteSize.MIB;
  }
}
