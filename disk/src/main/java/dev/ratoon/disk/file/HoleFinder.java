package dev.ratoon.disk.file;

import dev.ratoon.disk.FileStamp;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Finds a file's holes with {@code lseek(SEEK_DATA)} and {@code lseek(SEEK_HOLE)}, which Java does
 * not offer: called in the C library through java.lang.foreign. Java does not give away the
 * descriptors of its channels either, so this class opens one of its own, and {@link #sameFile}
 * names what it opened: both then speak of one file, whatever happens to its path.
 *
 * <p>When in doubt it answers "data": a hole that is missed costs time, one that is invented costs
 * content. Source: Linux man-pages, lseek(2).
 */
final class HoleFinder implements Closeable {
  private static final int O_RDONLY_CLOEXEC = 0x80000;
  private static final int SEEK_DATA = 3;
  private static final int SEEK_HOLE = 4;
  private static final int ENXIO = 6;

  private final int descriptor;
  private final MemorySegment errno = Arena.ofAuto().allocate(Libc.STATE);
  private boolean closed;

  private HoleFinder(int descriptor) {
    this.descriptor = descriptor;
  }

  /** Opens {@code path}; empty where the system can't, so that the file counts as all data. */
  static Optional<HoleFinder> open(Path path) {
    if (!Libc.AVAILABLE) {
      return Optional.empty();
    }
    int descriptor = Libc.open(path.toString());
    if (descriptor < 0) {
      return Optional.empty();
    }
    HoleFinder finder = new HoleFinder(descriptor);
    if (!Files.isReadable(finder.sameFile())) {
      finder.close();
      return Optional.empty();
    }
    return Optional.of(finder);
  }

  /** A path to the opened file itself, good as long as this is open. */
  Path sameFile() {
    return Path.of("/proc/self/fd/" + descriptor);
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
    long found = closed ? -1 : Libc.lseek(errno, descriptor, offset, SEEK_DATA);
    if (found >= 0) {
      return Math.min(found, length);
    }
    return !closed && Libc.errno(errno) == ENXIO ? length : offset;
  }

  synchronized long nextHole(long offset, long length) {
    long found = closed ? -1 : Libc.lseek(errno, descriptor, offset, SEEK_HOLE);
    return found < 0 ? length : Math.min(found, length);
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      Libc.close(descriptor);
    }
  }

  /** The three functions of the C library. */
  static final class Libc {
    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO =
        STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    static final boolean AVAILABLE =
        System.getProperty("os.name").equals("Linux")
            && Files.isDirectory(Path.of("/proc/self/fd"));

    private static final MethodHandle OPEN =
        handle(
            "open",
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT),
            Linker.Option.firstVariadicArg(2));
    private static final MethodHandle LSEEK =
        handle(
            "lseek",
            FunctionDescriptor.of(
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT),
            Linker.Option.captureCallState("errno"));
    private static final MethodHandle CLOSE =
        handle("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

    static MethodHandle handle(String name, FunctionDescriptor type, Linker.Option... options) {
      Linker linker = Linker.nativeLinker();
      return linker.downcallHandle(linker.defaultLookup().find(name).orElseThrow(), type, options);
    }

    static int open(String path) {
      try (Arena arena = Arena.ofConfined()) {
        return (int) OPEN.invokeExact(arena.allocateFrom(path), O_RDONLY_CLOEXEC);
      } catch (Throwable e) {
        throw unexpected(e);
      }
    }

    static long lseek(MemorySegment state, int descriptor, long offset, int whence) {
      try {
        return (long) LSEEK.invokeExact(state, descriptor, offset, whence);
      } catch (Throwable e) {
        throw unexpected(e);
      }
    }

    static int errno(MemorySegment state) {
      return (int) ERRNO.get(state, 0L);
    }

    static void close(int descriptor) {
      try {
        int _ = (int) CLOSE.invokeExact(descriptor);
      } catch (Throwable e) {
        throw unexpected(e);
      }
    }

    /** A downcall throws nothing by itself; what arrives here is the JVM's own trouble. */
    static RuntimeException unexpected(Throwable e) {
      return e instanceof Error error ? fail(error) : new IllegalStateException(e);
    }

    private static RuntimeException fail(Error error) {
      throw error;
    }
  }
}
