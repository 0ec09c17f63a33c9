package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.Structures.SECTOR;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * 4 KiB of metadata and where they belong.
 *
 * @param offset in the file, a multiple of 4 KiB
 * @param bytes little-endian, from 0 to 4 KiB; only read
 */
record Page(long offset, ByteBuffer bytes) {
  static final int WORDS = SECTOR / Long.BYTES;

  static Page of(long offset, long[] words) {
    ByteBuffer bytes = Structures.buffer(SECTOR);
    bytes.asLongBuffer().put(words);
    return new Page(offset, bytes);
  }

  @Override
  public ByteBuffer bytes() {
    return bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
  }
}
