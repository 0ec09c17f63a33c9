package dev.ratoon.disk;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Finds out whether bytes are all 0, faster than they can be read. */
final class Zeros {
  private static final MemorySegment ZEROS = Arena.global().allocate(Manifest.CHUNK_BYTES);

  private Zeros() {}

  /** Whether {@code length} bytes of {@code content}, at most a chunk's, are all 0. */
  static boolean all(MemorySegment content, long offset, long length) {
    return MemorySegment.mismatch(content, offset, offset + length, ZEROS, 0, length) < 0;
  }
}
