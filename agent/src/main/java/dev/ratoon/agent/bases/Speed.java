package dev.ratoon.agent.bases;

import dev.ratoon.protocol.channel.Traffic;
import java.time.Duration;

/**
 * How much the way from one peer carries, from looks at what its connections have carried. A look
 * counts only if pieces were outstanding for most of the time since the last one: otherwise the way
 * was waiting for us, and says nothing. Of the looks that count the best is kept, since what makes
 * others worse may be the peer's disk or others' traffic; it fades, by half in ten minutes, so that
 * a way that became worse is found out.
 *
 * <p>Whether the way or the peer was the limit is not told apart: for whoever wants a base from
 * that peer both are the same.
 */
final class Speed {
  private static final double BUSY_ENOUGH = 0.8;
  private static final Duration LEAST_LOOK = Duration.ofMillis(250);
  private static final double HALF_LIFE_SECONDS = 600;
  private static final double NANOS = 1e9;

  /** Less than this in a look says more of the delay than of the way. */
  private static final long LEAST_BYTES = 512 << 10;

  private Traffic before = Traffic.NONE;
  private long beforeNanos;
  private boolean looked;
  private double best;
  private long bestNanos;

  /** A look at what has been carried so far, never less than before. */
  synchronized void look(Traffic now, long nanos) {
    long wall = nanos - beforeNanos;
    if (looked && wall < LEAST_LOOK.toNanos()) {
      return;
    }
    long busy = now.busy().minus(before.busy()).toNanos();
    long bytes = now.wireBytesIn() - before.wireBytesIn();
    if (looked && bytes >= LEAST_BYTES && busy >= BUSY_ENOUGH * wall) {
      double rate = bytes / (Math.min(busy, wall) / NANOS);
      if (rate >= faded(nanos)) {
        best = rate;
        bestNanos = nanos;
      }
    }
    looked = true;
    before = now;
    beforeNanos = nanos;
  }

  /** Bytes a second on the wire; 0 if no look counted yet. */
  synchronized long bytesPerSecond(long nanos) {
    return Math.round(faded(nanos));
  }

  private double faded(long nanos) {
    return best * Math.pow(0.5, (nanos - bestNanos) / NANOS / HALF_LIFE_SECONDS);
  }
}
