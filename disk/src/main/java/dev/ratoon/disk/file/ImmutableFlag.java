package dev.ratoon.disk.file;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;

/**
 * The immutable flag of a file: while it is set nobody, not even root, writes, renames, links or
 * removes the file. It is the only thing that keeps root's own mistakes from a base disk. Not every
 * file system has it, and setting it needs the right to. Source: Linux man-pages, ioctl_iflags(2).
 */
public final class ImmutableFlag {
  private static final long GET_FLAGS = 0x80086601L;
  private static final long SET_FLAGS = 0x40086602L;
  private static final int IMMUTABLE = 0x10;

  private ImmutableFlag() {}

  /** Sets the flag; false where the file system, or a lack of rights, does not let it. */
  public static boolean set(Path file) {
    return change(file, true);
  }

  /**
   * Takes the flag off; false if it could not be. A file without the flag is left as it is, and
   * that is success.
   */
  public static boolean clear(Path file) {
    return change(file, false);
  }

  /** Whether the flag is set. */
  public static boolean isSet(Path file) {
    int descriptor = Libc.AVAILABLE ? Libc.open(file.toString()) : -1;
    if (descriptor < 0) {
      return false;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment flags = arena.allocate(ValueLayout.JAVA_LONG);
      return Libc.ioctl(descriptor, GET_FLAGS, flags) == 0
          && (flags.get(ValueLayout.JAVA_INT, 0) & IMMUTABLE) != 0;
    } finally {
      Libc.close(descriptor);
    }
  }

  private static boolean change(Path file, boolean immutable) {
    int descriptor = Libc.AVAILABLE ? Libc.open(file.toString()) : -1;
    if (descriptor < 0) {
      return false;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment flags = arena.allocate(ValueLayout.JAVA_LONG);
      if (Libc.ioctl(descriptor, GET_FLAGS, flags) != 0) {
        return !immutable;
      }
      int before = flags.get(ValueLayout.JAVA_INT, 0);
      int after = immutable ? before | IMMUTABLE : before & ~IMMUTABLE;
      if (after == before) {
        return true;
      }
      flags.set(ValueLayout.JAVA_INT, 0, after);
      return Libc.ioctl(descriptor, SET_FLAGS, flags) == 0;
    } finally {
      Libc.close(descriptor);
    }
  }
}
