package dev.ratoon.disk.file;

import dev.ratoon.disk.FileStamp;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Finds a file's holes with {@code lseek(SEEK_DATA)} and {@code lseek(SEEK_HOLE)}, which Java does
 * not offer. Java does not give away the descriptors of its channels either, so this class opens
 * one of its own, and {@link #sameFile} names what it opened: both then speak of one file, whatever
 * happens to its path. The same descriptor carries the locks of who writes.
 *
 * <p>When in doubt it answers "data": a hole that is missed costs time, one that is invented costs
 * content. Source: Linux man-pages, lseek(2).
 */
final class HoleFinder implements Closeable {
  private static final int SEEK_DATA = 3;
  private static final int SEEK_HOLE = 4;
  private static final int ENXIO = 6;

  private final int descriptor;
  private boolean closed;

  private HoleFinder(int descriptor) {
    this.descriptor = descriptor;
  }

  /** Opens {@code path}; empty where the system can't, so that the file counts as all data. */
  static Optional<HoleFinder> open(Path path) {
    Optional<HoleFinder> finder = ofNew(path);
    if (finder.isPresent() && !Files.isReadable(finder.get().sameFile())) {
      finder.get().close();
      return Optional.empty();
    }
    return finder;
  }

  /** The same for a file that was just made, and is not opened again by {@link #sameFile}. */
  static Optional<HoleFinder> ofNew(Path path) {
    int descriptor = Libc.AVAILABLE ? Libc.open(path.toString()) : -1;
    return descriptor < 0 ? Optional.empty() : Optional.of(new HoleFinder(descriptor));
  }

  /** A path to the opened file itself, good as long as this is open. */
  Path sameFile() {
    return Path.of("/proc/self/fd/" + descriptor);
  }

  /** Keeps other writers off the file until this is closed; see {@link WriteLock#take}. */
  void lockForWriting(Path path) {
    WriteLock.take(path, descriptor);
  }

  /** What the system says of the opened file; empty if it is closed. */
  synchronized Optional<FileStamp> stamp() {
    if (closed) {
      return Optional.empty();
    }
    try {
      Map<String, Object> said =
          Files.readAttributes(sameFile(), "unix:dev,ino,size,lastModifiedTime,ctime");
      return Optional.of(
          new FileStamp(
              number(said, "dev"),
              number(said, "ino"),
              number(said, "size"),
              time(said, "lastModifiedTime"),
              time(said, "ctime")));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static long number(Map<String, Object> said, String name) {
    return ((Number) Objects.requireNonNull(said.get(name))).longValue();
  }

  private static Instant time(Map<String, Object> said, String name) {
    return ((FileTime) Objects.requireNonNull(said.get(name))).toInstant();
  }

  synchronized long nextData(long offset, long length) {
    if (closed) {
      return offset;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Libc.STATE);
      long found = Libc.lseek(state, descriptor, offset, SEEK_DATA);
      if (found >= 0) {
        return Math.min(found, length);
      }
      return Libc.errno(state) == ENXIO ? length : offset;
    }
  }

  synchronized long nextHole(long offset, long length) {
    if (closed) {
      return length;
    }
    try (Arena arena = Arena.ofConfined()) {
      long found = Libc.lseek(arena.allocate(Libc.STATE), descriptor, offset, SEEK_HOLE);
      return found < 0 ? length : Math.min(found, length);
    }
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      Libc.close(descriptor);
    }
  }
}
