package dev.ratoon.cache;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/** How fast something may be read. */
@FunctionalInterface
public interface Pace {
  /** As fast as it goes. */
  Pace ANY = _ -> {};

  /** Waits until so many bytes more may be read. */
  void take(long bytes);

  /** So many bytes a second over all threads. */
  static Pace of(long bytesPerSecond) {
    return new Pace() {
      private final ReentrantLock lock = new ReentrantLock();
      private long next = System.nanoTime();

      @Override
      public void take(long bytes) {
        long wait;
        lock.lock();
        try {
          long now = System.nanoTime();
          wait = next - now;
          next =
              Math.max(next, now)
                  + (long) ((double) bytes / bytesPerSecond * TimeUnit.SECONDS.toNanos(1));
        } finally {
          lock.unlock();
        }
        try {
          TimeUnit.NANOSECONDS.sleep(wait);
        } catch (InterruptedException stopped) {
          Thread.currentThread().interrupt();
          throw Problem.of(ErrorCode.INTERRUPTED, "reading a base disk").asException(stopped);
        }
      }
    };
  }
}
