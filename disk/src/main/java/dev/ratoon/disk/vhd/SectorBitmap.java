package dev.ratoon.disk.vhd;

import dev.ratoon.disk.Limits;
import java.nio.ByteBuffer;

/** Which sectors of a block the file has: one bit each, most significant bit first. */
final class SectorBitmap {
  private final long[] words;

  private SectorBitmap(long[] words) {
    this.words = words;
  }

  /** Bytes of the bitmap of a block: whole sectors. */
  static int bytes(int blockBytes) {
    return VhdLayer.padded(blockBytes / Limits.SECTOR_BYTES / Byte.SIZE);
  }

  /** A bitmap as it lies in the file. */
  static SectorBitmap parse(ByteBuffer bytes) {
    long[] words = new long[bytes.remaining() / Long.BYTES];
    bytes.asLongBuffer().get(words);
    return new SectorBitmap(words);
  }

  static SectorBitmap empty(int blockBytes) {
    return new SectorBitmap(new long[bytes(blockBytes) / Long.BYTES]);
  }

  synchronized ByteBuffer encode() {
    ByteBuffer bytes = ByteBuffer.allocate(words.length * Long.BYTES);
    bytes.asLongBuffer().put(words);
    return bytes;
  }

  synchronized boolean get(int sector) {
    return words[sector >>> 6] << sector < 0;
  }

  synchronized void set(int from, int to) {
    for (int sector = from; sector < to; ) {
      int end = Math.min(to, (sector | 63) + 1);
      // Bits are counted from the left: all from this one on, less all from the end on.
      long fromHere = -1L >>> sector;
      long fromEnd = (end & 63) == 0 ? 0 : -1L >>> end;
      words[sector >>> 6] |= fromHere & ~fromEnd;
      sector = end;
    }
  }

  /**
   * The first sector from {@code from} on, but before {@code to}, that is not as it is; else that.
   */
  synchronized int runEnd(int from, int to) {
    long flip = words[from >>> 6] << from < 0 ? -1L : 0;
    int at = from;
    while (at < to) {
      long differing = (words[at >>> 6] ^ flip) << at;
      if (differing != 0) {
        return Math.min(to, at + Long.numberOfLeadingZeros(differing));
      }
      at = (at | 63) + 1;
    }
    return to;
  }
}
