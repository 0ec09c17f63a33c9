package dev.ratoon.disk.file;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * How much of the host's disk a file takes alone, on file systems where files can share blocks.
 * Source: Linux, Documentation/filesystems/fiemap.rst.
 */
public final class UnsharedBytes {
  private static final long FIEMAP = 0xC020660BL;
  private static final int HEAD_BYTES = 32;
  private static final int EXTENT_BYTES = 56;
  private static final int EXTENTS_AT_ONCE = 512;

  /** Of files that are more torn than this it is not said. */
  private static final int MOST_ROUNDS = 8192;

  private static final int LENGTH = 8;
  private static final int FLAGS = 16;
  private static final int MAPPED = 20;
  private static final int COUNT = 24;
  private static final int EXTENT_LENGTH = 16;
  private static final int EXTENT_FLAGS = 40;
  private static final int SYNC = 1;
  private static final int LAST = 1;
  private static final int SHARED = 0x2000;

  private UnsharedBytes() {}

  /**
   * Bytes of the file that no other file shares now; empty where the file system cannot tell. One
   * that cannot share blocks says that nothing is shared.
   */
  public static OptionalLong of(Path file) {
    int descriptor = Libc.AVAILABLE ? Libc.open(file.toString()) : -1;
    if (descriptor < 0) {
      return OptionalLong.empty();
    }
    try (Arena arena = Arena.ofConfined()) {
      return count(descriptor, arena.allocate(HEAD_BYTES + EXTENTS_AT_ONCE * EXTENT_BYTES, 8));
    } finally {
      Libc.close(descriptor);
    }
  }

  private static OptionalLong count(int descriptor, MemorySegment map) {
    long own = 0;
    long from = 0;
    for (int round = 0; round < MOST_ROUNDS; round++) {
      map.set(ValueLayout.JAVA_LONG, 0, from);
      map.set(ValueLayout.JAVA_LONG, LENGTH, Long.MAX_VALUE - from);
      map.set(ValueLayout.JAVA_INT, FLAGS, SYNC);
      map.set(ValueLayout.JAVA_INT, COUNT, EXTENTS_AT_ONCE);
      if (Libc.ioctl(descriptor, FIEMAP, map) != 0) {
        return OptionalLong.empty();
      }
      int extents = map.get(ValueLayout.JAVA_INT, MAPPED);
      if (extents <= 0 || extents > EXTENTS_AT_ONCE) {
        return extents == 0 ? OptionalLong.of(own) : OptionalLong.empty();
      }
      int flags = 0;
      for (int i = 0; i < extents; i++) {
        MemorySegment extent = map.asSlice(HEAD_BYTES + (long) i * EXTENT_BYTES, EXTENT_BYTES);
        flags = extent.get(ValueLayout.JAVA_INT, EXTENT_FLAGS);
        long length = extent.get(ValueLayout.JAVA_LONG, EXTENT_LENGTH);
        own += (flags & SHARED) == 0 ? length : 0;
        from = extent.get(ValueLayout.JAVA_LONG, 0) + length;
      }
      if ((flags & LAST) != 0) {
        return OptionalLong.of(own);
      }
    }
    return OptionalLong.empty();
  }
}
