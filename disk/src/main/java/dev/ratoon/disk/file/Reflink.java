package dev.ratoon.disk.file;

import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/**
 * Lets a file share blocks with others on the same file system, so that they lie on the disk once;
 * whoever writes to one of the files later gets a block of its own. XFS and btrfs can. Source:
 * Linux man-pages, ioctl_ficlonerange(2).
 */
public final class Reflink implements Closeable {
  /** What ranges begin and end on: the blocks of the file systems that share them. */
  public static final int BLOCK_BYTES = 1 << 12;

  private static final long CLONE_RANGE = 0x4020940DL;
  private static final int ARGUMENT_BYTES = 32;

  private final int target;
  private final Map<Path, Integer> origins = new HashMap<>();

  /**
   * @param target is written to; where it cannot be opened nothing is shared
   */
  public Reflink(Path target) {
    this.target = Libc.AVAILABLE ? Libc.openWritable(target.toString()) : -1;
  }

  /**
   * Whether files in this folder can share single blocks of {@link #BLOCK_BYTES}: it is tried. False
   * also where nothing can be written.
   */
  public static boolean isPossible(Path folder) {
    Path origin = folder.resolve(UUID.randomUUID() + ".share");
    Path target = folder.resolve(UUID.randomUUID() + ".share");
    try {
      Files.write(origin, new byte[2 * BLOCK_BYTES]);
      Files.write(target, new byte[3 * BLOCK_BYTES]);
      try (Reflink reflink = new Reflink(target)) {
        return reflink.share(origin, 0, 2L * BLOCK_BYTES, BLOCK_BYTES);
      }
    } catch (IOException cannotEvenWrite) {
      return false;
    } finally {
      delete(origin);
      delete(target);
    }
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException leftToTheNextSweep) {
      // it lies where leftovers are swept
    }
  }

  /**
   * Makes a range of this file what another file has; false if it could not be, and then the range
   * is as before or, in part, as it should be.
   *
   * @param from not written to; it may be immutable
   * @param fromOffset a multiple of {@link #BLOCK_BYTES}, as are the others
   */
  public boolean share(Path from, long fromOffset, long offset, long length) {
    int origin = target < 0 ? -1 : origin(from);
    if (origin < 0) {
      return false;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment range = arena.allocate(ARGUMENT_BYTES, Long.BYTES);
      range.setAtIndex(ValueLayout.JAVA_LONG, 0, origin);
      range.setAtIndex(ValueLayout.JAVA_LONG, 1, fromOffset);
      range.setAtIndex(ValueLayout.JAVA_LONG, 2, length);
      range.setAtIndex(ValueLayout.JAVA_LONG, 3, offset);
      return Libc.ioctl(target, CLONE_RANGE, range) == 0;
    }
  }

  private synchronized int origin(Path from) {
    return origins.computeIfAbsent(from, path -> Libc.open(path.toString()));
  }

  /** Nobody shares by it any more. */
  @Override
  public synchronized void close() {
    origins.values().stream().filter(origin -> origin >= 0).forEach(Libc::close);
    origins.clear();
    if (target >= 0) {
      Libc.close(target);
    }
  }
}
