package dev.ratoon.disk.file;

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

/** What the C library offers for files and Java does not, called through java.lang.foreign. */
final class Libc {
  static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
  private static final int O_RDONLY_CLOEXEC = 0x80000;
  private static final int O_RDWR_CLOEXEC = 0x80002;

  static final boolean AVAILABLE =
      System.getProperty("os.name").equals("Linux") && Files.isDirectory(Path.of("/proc/self/fd"));

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
  private static final MethodHandle FCNTL =
      handle(
          "fcntl",
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.ADDRESS),
          Linker.Option.firstVariadicArg(2),
          Linker.Option.captureCallState("errno"));
  private static final MethodHandle IOCTL =
      handle(
          "ioctl",
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_LONG,
              ValueLayout.ADDRESS),
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle CLOSE =
      handle("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

  private Libc() {}

  static MethodHandle handle(String name, FunctionDescriptor type, Linker.Option... options) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().find(name).orElseThrow(), type, options);
  }

  /** A descriptor for reading, or less than 0. */
  static int open(String path) {
    return open(path, O_RDONLY_CLOEXEC);
  }

  /** A descriptor for reading and writing, or less than 0. */
  static int openWritable(String path) {
    return open(path, O_RDWR_CLOEXEC);
  }

  private static int open(String path, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) OPEN.invokeExact(arena.allocateFrom(path), flags);
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

  static int fcntl(MemorySegment state, int descriptor, int command, MemorySegment argument) {
    try {
      return (int) FCNTL.invokeExact(state, descriptor, command, argument);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** 0, or less if the file system does not know the request or refuses it. */
  static int ioctl(int descriptor, long request, MemorySegment argument) {
    try {
      return (int) IOCTL.invokeExact(descriptor, request, argument);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** What the last call with this {@code state} left in errno. */
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
