package dev.ratoon.disk.file;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * What the kernel keeps of a file in memory. Who wants to know what is on the disk must not be
 * shown that. Source: Linux man-pages, posix_fadvise(2).
 */
public final class PageCache {
  private static final int DONT_NEED = 4;

  private static final MethodHandle ADVISE =
      Libc.handle(
          "posix_fadvise",
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_INT));

  private PageCache() {}

  /**
   * Lets go of what is kept of the file, so that it is read from the disk again. What others have
   * mapped, or what was not written yet, stays; false if the system does not take the advice.
   */
  public static boolean forget(Path file) {
    int descriptor = Libc.AVAILABLE ? Libc.open(file.toString()) : -1;
    if (descriptor < 0) {
      return false;
    }
    try {
      return (int) ADVISE.invokeExact(descriptor, 0L, 0L, DONT_NEED) == 0;
    } catch (Throwable e) {
      throw Libc.unexpected(e);
    } finally {
      Libc.close(descriptor);
    }
  }
}
