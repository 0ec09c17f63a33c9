package dev.ratoon.protocol.channel;

/**
 * Whether what a reading thread does beside reading takes it no long time. Where a disk is slow it
 * does nothing else for a while, and other threads wait for the disk. For one thread.
 */
final class Promptness {
  private static final long PROMPT_NANOS = 100_000_000L;
  private static final long REST_NANOS = 10_000_000_000L;

  private long restsUntilNanos = System.nanoTime();

  boolean isPrompt() {
    return System.nanoTime() - restsUntilNanos >= 0;
  }

  void run(Runnable work) {
    long began = System.nanoTime();
    try {
      work.run();
    } finally {
      long now = System.nanoTime();
      if (now - began > PROMPT_NANOS) {
        restsUntilNanos = now + REST_NANOS;
      }
    }
  }
}
