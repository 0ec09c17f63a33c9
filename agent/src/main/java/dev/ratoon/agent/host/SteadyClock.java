package dev.ratoon.agent.host;

import java.time.Instant;
import java.time.InstantSource;

/**
 * Begins at what the clock on the wall says, and then goes on steadily, whatever that one is set
 * to: for whatever waits, or has waited for long enough.
 */
public final class SteadyClock implements InstantSource {
  private final Instant began;
  private final long beganNanos = System.nanoTime();

  public SteadyClock(InstantSource wall) {
    this.began = wall.instant();
  }

  @Override
  public Instant instant() {
    return began.plusNanos(System.nanoTime() - beganNanos);
  }
}
