package dev.ratoon.protocol.channel;

import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * How many bytes may leave in a second, for all who share it: a bucket that fills steadily, holds
 * an eighth of a second, and may be overdrawn by one piece, which the next one waits for. While
 * several wait, those of the first class go first, without starving the others.
 */
public final class RateLimit {
  private static final double NANOS = 1e9;
  private static final long BURST_NANOS = 125_000_000L;

  /** Who waits looks this often whether he still needs to. */
  private static final long LOOK_NANOS = 50_000_000L;

  private final Ticks ticks;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition turn = lock.newCondition();
  private final Map<Priority, Integer> waiting = new EnumMap<>(Priority.class);
  private final Turns turns = new Turns();
  private Optional<Priority> next = Optional.empty();
  private volatile double nanosPerByte;

  /** Up to when everything is spent; in the past if the bucket holds something. */
  private long spentUntilNanos;

  private RateLimit(double nanosPerByte, Ticks ticks) {
    this.nanosPerByte = nanosPerByte;
    this.ticks = ticks;
    this.spentUntilNanos = ticks.nanoTime() - BURST_NANOS;
  }

  public static RateLimit none() {
    return new RateLimit(0, Ticks.SYSTEM);
  }

  public static RateLimit of(long bytesPerSecond, Ticks ticks) {
    RateLimit limit = new RateLimit(0, ticks);
    limit.change(bytesPerSecond);
    return limit;
  }

  /**
   * @param bytesPerSecond 64 KiB or more; less is taken for that
   */
  public void change(long bytesPerSecond) {
    nanosPerByte = NANOS / Math.max(bytesPerSecond, Limits.PIECE_BYTES);
  }

  /** From now on there is no limit. */
  public void lift() {
    nanosPerByte = 0;
  }

  boolean isLifted() {
    return nanosPerByte == 0;
  }

  /** 0 if there is no limit. */
  double nanosPerByte() {
    return nanosPerByte;
  }

  /**
   * Waits for its turn and for its bytes.
   *
   * @param abandoned whether waiting makes sense no more; then it returns soon
   */
  void take(long bytes, Priority priority, BooleanSupplier abandoned) throws InterruptedException {
    if (isLifted()) {
      return;
    }
    lock.lockInterruptibly();
    try {
      waiting.merge(priority, 1, Integer::sum);
      try {
        awaitTurn(priority, abandoned);
      } finally {
        waiting.merge(priority, -1, Integer::sum);
      }
      long earliest = ticks.nanoTime() - BURST_NANOS;
      spentUntilNanos = Math.max(spentUntilNanos, earliest) + Math.round(bytes * nanosPerByte);
      turn.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void awaitTurn(Priority priority, BooleanSupplier abandoned) throws InterruptedException {
    while (!abandoned.getAsBoolean() && nanosPerByte > 0) {
      long wait = spentUntilNanos - ticks.nanoTime();
      if (wait <= 0) {
        if (chosen().equals(Optional.of(priority))) {
          next = Optional.empty();
          return;
        }
        turn.signalAll();
      }
      ticks.await(turn, wait <= 0 ? LOOK_NANOS : Math.min(wait, LOOK_NANOS));
    }
  }

  /** The class that goes next, chosen once for each turn. */
  private Optional<Priority> chosen() {
    if (next.isEmpty() || !isWaiting(next.get())) {
      next = Optional.of(turns.next(this::isWaiting));
    }
    return next;
  }

  private boolean isWaiting(Priority priority) {
    return waiting.getOrDefault(priority, 0) > 0;
  }
}
