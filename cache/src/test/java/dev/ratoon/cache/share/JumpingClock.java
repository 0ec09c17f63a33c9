package dev.ratoon.cache.share;

import dev.ratoon.cache.arrival.NanoClock;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** A clock that a test sets forward, so that what takes long on a busy machine is not late. */
final class JumpingClock implements NanoClock {
  private final AtomicLong ahead = new AtomicLong();

  void jump(Duration time) {
    ahead.addAndGet(time.toNanos());
  }

  @Override
  public long nanos() {
    return System.nanoTime() + ahead.get();
  }
}
