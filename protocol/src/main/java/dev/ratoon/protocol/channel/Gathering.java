package dev.ratoon.protocol.channel;

/**
 * How long to let a socket gather before it is read again. A link that is slower than this machine
 * brings a packet or two at a time, and a thread that waits in a read is woken for each: with many
 * connections that costs more than what is done with the bytes. So while much arrives slowly the
 * next read comes a little later and gets some of it together, as network cards do with their
 * interrupts.
 *
 * <p>What is waited for is half of what a socket takes at least before it stops its sender: a pause
 * can then never be what makes a link slow. For one thread.
 */
final class Gathering {
  private static final int WORTH_BYTES = 32 << 10;
  private static final long LONGEST_NANOS = 2_000_000;

  /** Shorter ones cost as much as they save. */
  private static final long SHORTEST_NANOS = 100_000;

  /** Whose last bytes came so long ago is not in the middle of much. */
  private static final long LULL_NANOS = 50_000_000;

  /** The weight of what was before. */
  private static final double MEMORY = 0.9;

  private double bytes;
  private double nanos;
  private long lastNanos = System.nanoTime();
  private boolean more;

  /**
   * @param full whether there was no room for more
   */
  void received(int count, boolean full, long nowNanos) {
    long since = nowNanos - lastNanos;
    lastNanos = nowNanos;
    more = full;
    if (since > LULL_NANOS) {
      bytes = 0;
      nanos = 0;
    } else {
      bytes = MEMORY * bytes + count;
      nanos = MEMORY * nanos + since;
    }
  }

  /** Whether more was there than there was room for when it was last read. */
  boolean hasMore() {
    return more;
  }

  /** 0 where it is better to read at once. */
  long pauseNanos() {
    if (more || bytes < WORTH_BYTES) {
      return 0;
    }
    long pause = Math.min(LONGEST_NANOS, (long) (nanos / bytes * WORTH_BYTES));
    return pause < SHORTEST_NANOS ? 0 : pause;
  }
}
