package dev.ratoon.protocol.channel;

import java.time.Duration;

/** How much arrived, and for how long something was outstanding. */
final class Meter {
  private long outstanding;
  private long bytes;
  private long busyNanos;
  private long sinceNanos;
  private final ClassBytes classes = new ClassBytes();

  synchronized void asked(int pieces) {
    if (outstanding == 0) {
      sinceNanos = System.nanoTime();
    }
    outstanding += pieces;
  }

  /**
   * @param pieceBytes 0 if it did not come
   */
  synchronized void answered(Priority priority, int pieceBytes) {
    bytes += pieceBytes;
    classes.add(priority, pieceBytes);
    dropped(1);
  }

  /** So many more need not be waited for. */
  synchronized void dropped(int pieces) {
    outstanding -= pieces;
    if (outstanding == 0 && pieces > 0) {
      busyNanos += System.nanoTime() - sinceNanos;
    }
  }

  synchronized Traffic traffic(TlsLink link) {
    long running = outstanding > 0 ? System.nanoTime() - sinceNanos : 0;
    return new Traffic(
        link.bytesIn(),
        link.bytesOut(),
        bytes,
        Duration.ofNanos(busyNanos + running),
        classes.deploy(),
        classes.precache());
  }
}
