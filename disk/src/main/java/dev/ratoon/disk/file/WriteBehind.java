package dev.ratoon.disk.file;

import java.io.Closeable;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Has what is written to a large file go to the disk while more of it still comes, instead of all
 * at once when it is synced. It promises nothing: syncing is needed as ever, and only finds less to
 * do. Where the system cannot do it nothing happens. Source: Linux man-pages, sync_file_range(2).
 */
public final class WriteBehind implements Closeable {
  private static final int WRITE = 2;

  /** So much is worth a call, and keeps a disk busy for some tens of milliseconds. */
  private static final long EACH_BYTES = 32 << 20;

  private static final Optional<MethodHandle> SYNC_FILE_RANGE =
      Linker.nativeLinker()
          .defaultLookup()
          .find("sync_file_range")
          .filter(_ -> Libc.AVAILABLE)
          .map(function ->
              Linker.nativeLinker()
                  .downcallHandle(
                      function,
                      FunctionDescriptor.of(
                          ValueLayout.JAVA_INT,
                          ValueLayout.JAVA_INT,
                          ValueLayout.JAVA_LONG,
                          ValueLayout.JAVA_LONG,
                          ValueLayout.JAVA_INT)));

  private final int descriptor;
  private final AtomicLong waiting = new AtomicLong();
  private boolean closed;

  private WriteBehind(int descriptor) {
    this.descriptor = descriptor;
  }

  /** For a file that is there. */
  public static WriteBehind of(Path file) {
    return new WriteBehind(SYNC_FILE_RANGE.isPresent() ? Libc.open(file.toString()) : -1);
  }

  /** So many bytes were written. Any thread may say so; one in many calls takes milliseconds. */
  public void wrote(long bytes) {
    if (waiting.addAndGet(bytes) >= EACH_BYTES && waiting.getAndSet(0) >= EACH_BYTES) {
      begin();
    }
  }

  private synchronized void begin() {
    if (descriptor >= 0 && !closed) {
      try {
        // If it fails, the sync will say why.
        int _ = (int) SYNC_FILE_RANGE.orElseThrow().invokeExact(descriptor, 0L, 0L, WRITE);
      } catch (Throwable e) {
        throw Libc.unexpected(e);
      }
    }
  }

  @Override
  public synchronized void close() {
    if (descriptor >= 0 && !closed) {
      Libc.close(descriptor);
    }
    closed = true;
  }
}
