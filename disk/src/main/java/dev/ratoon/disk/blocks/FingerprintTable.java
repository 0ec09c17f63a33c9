package dev.ratoon.disk.blocks;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The hash table of docs/formats/block-fingerprints.md, in mapped memory: filled and searched where
 * it lies. Neither ever looks at more than a bounded number of slots, so that content made to
 * collide costs its own sharing and nobody's time.
 */
final class FingerprintTable {
  static final long NOT_FOUND = -1;

  private static final ValueLayout.OfLong SLOT =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final int MOST_LOOKED_AT = 64;
  private static final int BLOCK_BITS = 34;
  private static final long BLOCK_MASK = (1L << BLOCK_BITS) - 1;
  private static final long USED = 1L << 63;
  private static final long TAG_MASK = (1L << 29) - 1;

  private final MemorySegment slots;
  private final long count;

  FingerprintTable(MemorySegment slots) {
    this.slots = slots;
    this.count = slots.byteSize() / Long.BYTES;
  }

  /** Adds a block, unless an equal one is there or there is no room for it. */
  void add(long fingerprint, long block) {
    long home = home(fingerprint);
    long mark = mark(fingerprint);
    for (long i = home; i < end(home); i++) {
      long slot = slot(i);
      if (slot == 0) {
        slots.setAtIndex(SLOT, i, mark | block);
        return;
      }
      if ((slot & ~BLOCK_MASK) == mark) {
        return;
      }
    }
  }

  /** A block that has this fingerprint, most likely; {@link #NOT_FOUND} if there is none. */
  long find(long fingerprint) {
    long home = home(fingerprint);
    long mark = mark(fingerprint);
    for (long i = home; i < end(home); i++) {
      long slot = slot(i);
      if (slot == 0) {
        return NOT_FOUND;
      }
      if ((slot & ~BLOCK_MASK) == mark) {
        return slot & BLOCK_MASK;
      }
    }
    return NOT_FOUND;
  }

  private long slot(long index) {
    return slots.getAtIndex(SLOT, index);
  }

  private long home(long fingerprint) {
    return Math.unsignedMultiplyHigh(fingerprint, count);
  }

  private long end(long home) {
    return Math.min(count, home + MOST_LOOKED_AT);
  }

  private static long mark(long fingerprint) {
    return USED | (fingerprint & TAG_MASK) << BLOCK_BITS;
  }
}
