package dev.ratoon.bench.broadcast;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Memory that this machine has really got, given back while files arrive, as fast as they take it.
 * Where it is a virtual one, its host hands out each page at its first touch, which takes ten times
 * as long as filling it, and takes back what has been free for two seconds; that is nothing that
 * any way of copying can help. What was just given back is what the kernel hands out next.
 */
final class TouchedMemory implements AutoCloseable {
  /** Large enough to be the kernel's again as soon as it is freed. */
  private static final int SLICE_BYTES = 64 << 20;

  /** So much more is free than there was at first: less than files take in two seconds. */
  private static final long AHEAD_BYTES = 2L * SLICE_BYTES;

  private static final Duration LOOK = Duration.ofMillis(20);
  private static final Path MEMORY = Path.of("/proc/meminfo");
  private static final Pattern FREE = Pattern.compile("MemFree: +([0-9]+) kB");

  private final Deque<Arena> slices = new ArrayDeque<>();
  private final long leastFreeBytes;
  private final Thread giving =
      Thread.ofPlatform().name("touched memory").unstarted(this::giveBack);

  /**
   * @param bytes how much in all; it is touched when this returns, and goes back from then on
   */
  @SuppressWarnings("MustBeClosedChecker") // closed piece by piece
  TouchedMemory(long bytes) throws IOException {
    for (long left = bytes; left > 0; left -= SLICE_BYTES) {
      Arena slice = Arena.ofShared();
      // Allocated memory is filled with zeros, so it is touched.
      var _ = slice.allocate(SLICE_BYTES);
      slices.add(slice);
    }
    leastFreeBytes = freeBytes() + AHEAD_BYTES;
    giving.start();
  }

  private static long freeBytes() throws IOException {
    Matcher free = FREE.matcher(Files.readString(MEMORY));
    if (!free.find()) {
      throw new IOException(MEMORY + " does not say how much memory is free");
    }
    return Long.parseLong(free.group(1)) << 10;
  }

  private void giveBack() {
    try {
      while (!slices.isEmpty()) {
        while (!slices.isEmpty() && freeBytes() < leastFreeBytes) {
          slices.remove().close();
        }
        Thread.sleep(LOOK);
      }
    } catch (InterruptedException | IOException nobodyArrivesAnyMore) {
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
