package dev.ratoon.bench.broadcast;

import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Memory that this machine has really got, given back while files arrive, as fast as they do. Where
 * it is a virtual one, its host hands out each page at its first touch, which takes ten times as
 * long as filling it, and takes back what has been free for two seconds; that is nothing that any
 * way of copying can help. What was just given back is what the kernel hands out next.
 */
final class TouchedMemory implements AutoCloseable {
  /** Large enough to be the kernel's again as soon as it is freed. */
  private static final long SLICE_BYTES = 64 << 20;

  private final Deque<Arena> slices = new ArrayDeque<>();
  private final long nanosForSlice;
  private final Thread giving =
      Thread.ofPlatform().name("touched memory").unstarted(this::giveBack);

  /**
   * @param bytes how much in all; it is touched when this returns, and goes back from then on
   * @param bytesPerSecond how fast it goes back
   */
  @SuppressWarnings("MustBeClosedChecker") // closed piece by piece
  TouchedMemory(long bytes, double bytesPerSecond) {
    nanosForSlice = (long) (SLICE_BYTES / bytesPerSecond * 1e9);
    for (long left = bytes; left > 0; left -= SLICE_BYTES) {
      Arena slice = Arena.ofShared();
      // Allocated memory is filled with zeros, so it is touched.
      var _ = slice.allocate(SLICE_BYTES);
      slices.add(slice);
    }
    giving.start();
  }

  private void giveBack() {
    long next = System.nanoTime();
    try {
      while (!slices.isEmpty()) {
        slices.remove().close();
        next += nanosForSlice;
        Thread.sleep(Duration.ofNanos(Math.max(0, next - System.nanoTime())));
      }
    } catch (InterruptedException nobodyArrivesAnyMore) {
      // What is left goes back at once.
    }
    slices.forEach(Arena::close);
    slices.clear();
  }

  @Override
  public void close() {
    giving.interrupt();
  }
}
