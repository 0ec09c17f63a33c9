package dev.ratoon.cli.disk;

import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Progress;
import dev.ratoon.cli.output.Words;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;

/** Shows how far work on disks is. */
final class Meter implements AutoCloseable {
  /** Showing it more often than this part of the whole is seen by nobody. */
  private static final int STEPS = 500;

  private final Progress lines;

  private Meter(Progress lines) {
    this.lines = lines;
  }

  static Meter begin(Session session) {
    return new Meter(Progress.begin(session.terminal(), session.output().quiet()));
  }

  /**
   * Does some work and shows how far it is.
   *
   * @param subject what is done to what
   * @param bytes of the disk that are dealt with when all is done
   */
  <T> T show(String subject, long bytes, Function<dev.ratoon.disk.Progress, T> work) {
    long began = System.nanoTime();
    String stage = Words.size(bytes);
    lines.show(subject, stage, "");
    AtomicLong done = new AtomicLong();
    long step = bytes / STEPS + 1;
    try {
      T result =
          work.apply(more -> {
            long now = done.addAndGet(more);
            if (now / step != (now - more) / step) {
              lines.show(subject, stage, Progress.bar(now, bytes));
            }
          });
      lines.end(subject, "done in " + Words.took(Duration.ofNanos(System.nanoTime() - began)));
      return result;
    } catch (RuntimeException | Error e) {
      lines.end(subject, "stopped");
      throw e;
    }
  }

  @Override
  public void close() {
    lines.close();
  }
}
