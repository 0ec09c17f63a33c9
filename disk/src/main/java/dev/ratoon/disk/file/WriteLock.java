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

  /** The permissions to read, to write and to resize: used, or not left to others. */
  private static final int[] OURS = {100, 101, 103, 201, 203};

  /** Those who don't let us, and those who do what we don't let them. */
  private static final int[] CONFLICTS = {200, 201, 203, 101, 103};

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
      for (int at : OURS) {
        if (!ask(F_OFD_SETLK, F_RDLCK, at, descriptor, flock, state)) {
          int errno = Libc.errno(state);
          if (errno == EINVAL) {
            return;
          }
          throw errno == EAGAIN || errno == EACCES
              ? Faults.inUse(file)
              : Faults.cannotLock(file, errno);
        }
      }
      for (int at : CONFLICTS) {
        boolean asked = ask(F_OFD_GETLK, F_WRLCK, at, descriptor, flock, state);
        if (!asked || flock.get(ValueLayout.JAVA_SHORT, TYPE_AT) != F_UNLCK) {
          throw Faults.inUse(file);
        }
      }
    }
  }

  private static boolean ask(
      int command, short type, int at, int descriptor, MemorySegment flock, MemorySegment state) {
    flock.fill((byte) 0);
    flock.set(ValueLayout.JAVA_SHORT, TYPE_AT, type);
    flock.set(ValueLayout.JAVA_LONG, START_AT, at);
    flock.set(ValueLayout.JAVA_LONG, LENGTH_AT, 1);
    return Libc.fcntl(state, descriptor, command, flock) == 0;
  }
}
