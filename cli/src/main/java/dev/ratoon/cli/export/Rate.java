package dev.ratoon.cli.export;

import dev.ratoon.cli.output.Progress;
import dev.ratoon.cli.output.Words;
import java.time.Duration;

/** How far a file is, and how fast it comes. */
final class Rate {
  private static final double NANOS = 1e9;

  private final Progress progress;
  private final String subject;
  private final long sizeBytes;
  private final long begun = System.nanoTime();
  private long dataBytes;

  /**
   * @param sizeBytes of the disk, which is gone through from its beginning to its end
   */
  Rate(Progress progress, String subject, long sizeBytes) {
    this.progress = progress;
    this.subject = subject;
    this.sizeBytes = sizeBytes;
    progress.show(subject, Words.size(sizeBytes), "");
  }

  /** The disk is done up to {@code offset}, with so many more bytes of data. */
  void reached(long offset, long bytes) {
    dataBytes += bytes;
    progress.show(
        subject, Words.size(sizeBytes), Progress.bar(offset, sizeBytes) + ", " + perSecond());
  }

  void done() {
    Duration took = Duration.ofNanos(System.nanoTime() - begun);
    progress.end(subject, "done in " + Words.took(took) + ", " + perSecond());
  }

  private String perSecond() {
    double seconds = Math.max(1, System.nanoTime() - begun) / NANOS;
    return Words.size((long) (dataBytes / seconds)) + "/s";
  }
}
