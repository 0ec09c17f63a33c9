package dev.ratoon.disk.file;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Lets a thread wait for others: it gets the processor and the disk when nobody else wants them.
 * Threads that it starts do the same. Source: Linux man-pages, ioprio_set(2) and setpriority(2).
 */
public final class Background {
  private static final int THIS_THREAD = 0;
  private static final int NICE = 10;
  private static final int OF_A_PROCESS = 0;
  private static final int IO_OF_A_PROCESS = 1;

  /** The class "idle", in the bits above the level. */
  private static final int IO_IDLE = 3 << 13;

  private static final long IOPRIO_SET = System.getProperty("os.arch").equals("amd64") ? 251 : 30;

  private Background() {}

  /** Does so for the calling platform thread, for good; where the system cannot, nothing. */
  public static void enter() {
    if (!Libc.AVAILABLE) {
      return;
    }
    try {
      MethodHandle setPriority =
          Libc.handle(
              "setpriority",
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_INT));
      int _ = (int) setPriority.invokeExact(OF_A_PROCESS, THIS_THREAD, NICE);
      MethodHandle systemCall =
          Libc.handle(
              "syscall",
              FunctionDescriptor.of(
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_INT),
              Linker.Option.firstVariadicArg(1));
      long _ = (long) systemCall.invokeExact(IOPRIO_SET, IO_OF_A_PROCESS, THIS_THREAD, IO_IDLE);
    } catch (Throwable e) {
      throw Libc.unexpected(e);
    }
  }
}
