package dev.ratoon.disk.copy;

import dev.ratoon.disk.file.Zeros;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** Finds what of a buffer has to be written if zeros are left out. */
final class DataRuns {
  /** Takes one run of data. */
  interface Taker {
    /**
     * @param at where the run begins in the buffer
     * @param run the buffer, with position and limit set to the run
     */
    void take(int at, ByteBuffer run);
  }

  private DataRuns() {}

  /**
   * Hands on each run of grains that are not all zero, as long as it can be, in order.
   *
   * @param content position 0 up to the limit; both are as before when this returns
   * @param grainBytes zeros are left out in steps of this, counted from the buffer's beginning; at
   *     most a chunk
   */
  static void of(ByteBuffer content, int grainBytes, Taker taker) {
    MemorySegment segment = MemorySegment.ofBuffer(content);
    int end = content.limit();
    int at = 0;
    while (at < end) {
      int start = at;
      while (at < end && !Zeros.all(segment, at, Math.min(grainBytes, end - at))) {
        at = Math.min(end, at + grainBytes);
      }
      if (at > start) {
        taker.take(start, content.limit(at).position(start));
        content.limit(end).position(0);
      }
      at = Math.min(end, at + grainBytes);
    }
  }
}
