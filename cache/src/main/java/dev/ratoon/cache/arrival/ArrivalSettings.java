package dev.ratoon.cache.arrival;

import java.time.Duration;

/**
 * How bases arrive in a cache.
 *
 * @param self what this host is called by other hosts in whose caches the same base is arriving:
 *     each must know the same names, see {@link Source#name}
 * @param parallelism threads that verify and write
 * @param buffers how many chunks of 64 KiB may be under way at once, over all arrivals
 * @param patience how long an arrival goes on when nothing comes from anywhere
 * @param seed of what is chosen at random
 */
public record ArrivalSettings(
    String self, int parallelism, int buffers, Duration patience, NanoClock clock, long seed) {
  private static final int BUFFERS = 384;

  /** What is right for a host that is called {@code self}. */
  public static ArrivalSettings of(String self, int parallelism) {
    return new ArrivalSettings(
        self,
        parallelism,
        BUFFERS,
        Duration.ofMinutes(2),
        NanoClock.system(),
        System.nanoTime() ^ self.hashCode());
  }
}
