package dev.ratoon.disk.blocks;

import dev.ratoon.disk.Limits;
import dev.ratoon.disk.file.Zeros;
import io.airlift.compress.v3.xxhash.XxHash64JavaHasher;
import java.lang.foreign.MemorySegment;

/** The grain at which two disks share content: blocks of 4 KiB, and what they are known by. */
public final class Blocks {
  /** Bytes of a block; only the last one of a disk may be shorter. */
  public static final int BLOCK_BYTES = 4096;

  /** Blocks of a chunk. */
  public static final int IN_CHUNK = Limits.CHUNK_BYTES / BLOCK_BYTES;

  /** The set of all blocks of a chunk, as a bit for each. */
  public static final int ALL = (1 << IN_CHUNK) - 1;

  /** What is said of a block whose bytes are all 0. */
  public static final long OF_ZEROS = 0;

  private Blocks() {}

  /**
   * The fingerprint of a block: XXH64, or 1 where that is 0; {@link #OF_ZEROS} if all its bytes are
   * 0. Source: docs/formats/block-fingerprints.md.
   */
  public static long fingerprint(MemorySegment content, long offset, int length) {
    if (Zeros.all(content, offset, length)) {
      return OF_ZEROS;
    }
    long hash = XxHash64JavaHasher.hash(content.asSlice(offset, length), 0);
    return hash == OF_ZEROS ? 1 : hash;
  }

  /** How many blocks a disk of this size has. */
  public static long count(long sizeBytes) {
    return (sizeBytes + BLOCK_BYTES - 1) / BLOCK_BYTES;
  }

  /** Bytes of a block of a disk of this size. */
  public static int bytes(long sizeBytes, long block) {
    return (int) Math.min(BLOCK_BYTES, sizeBytes - block * BLOCK_BYTES);
  }
}
