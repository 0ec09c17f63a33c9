package dev.ratoon.agent.bases;

import dev.ratoon.cache.CopyProgress;
import java.util.concurrent.TimeUnit;

/** Passes on how far something is a few times a second, from one thread at a time. */
final class Seldom implements CopyProgress {
  private static final long REST_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

  private final CopyProgress listener;
  private long next = System.nanoTime();
  private long most;

  Seldom(CopyProgress listener) {
    this.listener = listener;
  }

  @Override
  public synchronized void at(long bytesDone, long bytesTotal) {
    most = Math.max(most, bytesDone);
    long now = System.nanoTime();
    if (now - next >= 0 || bytesDone == bytesTotal) {
      next = now + REST_NANOS;
      listener.at(most, bytesTotal);
    }
  }
}
