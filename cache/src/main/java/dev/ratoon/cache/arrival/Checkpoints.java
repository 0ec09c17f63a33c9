package dev.ratoon.cache.arrival;

import dev.ratoon.model.RatoonException;

/** Every two seconds, and at the end, what has come is made safe; one checkpoint at a time. */
final class Checkpoints {
  private static final long EVERY_NANOS = 2_000_000_000L;

  private boolean running;
  private boolean begun;
  private long lastAt;

  /** Begins one on another thread, if it is time to. */
  synchronized void begin(ArrivingContent content, long nowNanos) {
    if (!begun) {
      begun = true;
      lastAt = nowNanos;
    }
    if (!running && nowNanos - lastAt >= EVERY_NANOS) {
      running = true;
      lastAt = nowNanos;
      Thread.ofPlatform().name("arrival-checkpoint").daemon().start(() -> run(content));
    }
  }

  private void run(ArrivingContent content) {
    try {
      last(content);
    } finally {
      synchronized (this) {
        running = false;
        notifyAll();
      }
    }
  }

  /** Makes one now. If it fails, what has come is looked at again when the arrival is resumed. */
  void last(ArrivingContent content) {
    try {
      content.checkpoint();
    } catch (RatoonException costsTimeOnly) {
      // whoever writes the next chunk meets the same trouble, and says so
    }
  }

  /** Returns when none is running. */
  synchronized void awaitQuiet() {
    boolean interrupted = false;
    while (running) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
