package dev.ratoon.disk.file;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;

/**
 * Keeps two writers off one file, as QEMU does it, so that QEMU is one of the two. Each permission
 * has one byte of the file that is locked by who uses it, and another by who does not let others
 * use it; all locks are shared ones, and a conflict is found by looking for the others' locks. The
 * scheme is in docs/formats/raw.md.
 *
 * <p>The locks belong to an open file description, not to the process: they end when the descriptor
 * is closed, and no other descriptor's closing takes them away, as it would with the older locks of
 * POSIX. Source: Linux man-pages, fcntl(2), "Open file description locks".
 */
final class WriteLock {
  private static final int F_OFD_GETLK = 36;
  private static final int F_OFD_SETLK = 37;
  private static final short F_RDLCK = 0;
  private static final short F_WRLCK = 1;
  private static final short F_UNLCK = 2;
  private static final int EAGAIN = 11;
  private static final int EACCES = 13;
  private static final int EINVAL = 22;

  /** Permissions that are used: to read, to write, to write what is there already, to resize. */
  private static final int USED = 100;

  /** Permissions that are not left to others, in the same order. */
  private static final int KEPT = 200;

  private static final int PERMISSIONS = 4;

  /** {@code struct flock} where a {@code long} has 64 bits. */
  private static final int FLOCK_BYTES = 32;

  private static final int TYPE_AT = 0;
  private static final int START_AT = 8;
  private static final int LENGTH_AT = 16;

  private WriteLock() {}

  /**
   * Locks {@code file} until {@code descriptor} is closed; where the system has no such locks, does
   * nothing.
   *
   * @throws dev.ratoon.model.RatoonException {@code IN_USE} if somebody else writes, or does not
   *     let others; {@code FILE_UNWRITABLE} if the file system cannot lock
   */
  static void take(Path file, int descriptor) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Libc.STATE);
      MemorySegment flock = arena.allocate(FLOCK_BYTES, Long.BYTES);
      // Ours are all; others may only read.
      boolean locked =
          ask(F_OFD_SETLK, F_RDLCK, USED, PERMISSIONS, descriptor, flock, state)
              && ask(F_OFD_SETLK, F_RDLCK, KEPT + 1, PERMISSIONS - 1, descriptor, flock, state);
      if (!locked) {
        int errno = Libc.errno(state);
        if (errno == EINVAL) {
          return;
        }
        throw errno == EAGAIN || errno == EACCES
            ? Faults.inUse(file)
            : Faults.cannotLock(file, errno);
      }
      boolean alone =
          free(KEPT, PERMISSIONS, descriptor, flock, state)
              && free(USED + 1, PERMISSIONS - 1, descriptor, flock, state);
      if (!alone) {
        throw Faults.inUse(file);
      }
    }
  }

  /** Whether somebody else writes to the file that is open as {@code descriptor}. */
  static boolean isHeld(int descriptor) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Libc.STATE);
      MemorySegment flock = arena.allocate(FLOCK_BYTES, Long.BYTES);
      boolean asked =
          ask(F_OFD_GETLK, F_WRLCK, USED + 1, PERMISSIONS - 1, descriptor, flock, state);
      return asked && flock.get(ValueLayout.JAVA_SHORT, TYPE_AT) != F_UNLCK;
    }
  }

  /** Whether nobody else has a lock there. */
  private static boolean free(
      int at, int bytes, int descriptor, MemorySegment flock, MemorySegment state) {
    return ask(F_OFD_GETLK, F_WRLCK, at, bytes, descriptor, flock, state)
        && flock.get(ValueLayout.JAVA_SHORT, TYPE_AT) == F_UNLCK;
  }

  private static boolean ask(
      int command,
      short type,
      int at,
      int bytes,
      int descriptor,
      MemorySegment flock,
      MemorySegment state) {
    flock.fill((byte) 0);
    flock.set(ValueLayout.JAVA_SHORT, TYPE_AT, type);
    flock.set(ValueLayout.JAVA_LONG, START_AT, at);
    flock.set(ValueLayout.JAVA_LONG, LENGTH_AT, bytes);
    return Libc.fcntl(state, descriptor, command, flock) == 0;
  }
}
