package dev.ratoon.protocol.channel;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** A part that is read into memory, one request after the other. */
final class WholePart implements Receiver {
  private final String doing;
  private final byte[] bytes;
  private Optional<Problem> failed = Optional.empty();
  private boolean answered;

  WholePart(String doing, int length) {
    this.doing = doing;
    this.bytes = new byte[length];
  }

  byte[] read(PeerStream stream, Part part, Priority priority, Duration timeout) {
    long deadline = System.nanoTime() + timeout.toNanos();
    int count = new Pieces(bytes.length).count();
    for (int first = 0; first < count; first += Limits.RUN_PIECES) {
      synchronized (this) {
        answered = false;
      }
      Run run = Run.of(first, Math.min(Limits.RUN_PIECES, count - first));
      ChunkRequest request = stream.request(part, List.of(run), priority, this);
      if (!await(deadline)) {
        request.cancel();
        throw Problem.of(ErrorCode.TIMED_OUT, doing)
            .detail("It took longer than " + timeout.toSeconds() + " s.")
            .asException();
      }
    }
    return bytes;
  }

  @Override
  public synchronized void arrived(int piece, int blocks, ByteBuffer content) {
    content.get(bytes, (int) Pieces.offset(piece), content.remaining());
  }

  @Override
  public synchronized void lacking(int piece, Problem why) {
    failed = Optional.of(why);
  }

  @Override
  public synchronized void completed() {
    answered = true;
    notifyAll();
  }

  @Override
  public synchronized void failed(Problem why) {
    failed = Optional.of(why);
    completed();
  }

  /** Waits for the end of a request; false if it took too long. */
  private synchronized boolean await(long deadline) {
    try {
      while (!answered) {
        long millis = (deadline - System.nanoTime()) / 1_000_000;
        if (millis <= 0) {
          return false;
        }
        wait(millis);
      }
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw Problem.of(ErrorCode.INTERRUPTED, doing).asException(stop);
    }
    failed.ifPresent(why -> {
      throw why.asException();
    });
    return true;
  }
}
