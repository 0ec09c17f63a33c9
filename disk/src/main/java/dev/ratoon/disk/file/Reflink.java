package dev.ratoon.disk.file;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * A file that shares its blocks with another until one of them is written to. Source: Linux
 * man-pages, ioctl_ficlone(2).
 */
final class Reflink {
  private static final long CLONE = 0x40049409L;

  private static final MethodHandle IOCTL =
      Libc.handle(
          "ioctl",
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_INT),
          Linker.Option.firstVariadicArg(2));

  private Reflink() {}

  /** Makes {@code target}, which exists, share all of {@code source}; false if it cannot. */
  static boolean whole(Path source, Path target) {
    if (!Libc.AVAILABLE) {
      return false;
    }
    int from = Libc.open(source.toString());
    int to = Libc.openToWrite(target.toString());
    try {
      return from >= 0 && to >= 0 && (int) IOCTL.invokeExact(to, CLONE, from) == 0;
    } catch (Throwable e) {
      throw Libc.unexpected(e);
    } finally {
      close(from);
      close(to);
    }
  }

  private static void close(int descriptor) {
    if (descriptor >= 0) {
      Libc.close(descriptor);
    }
  }
}
