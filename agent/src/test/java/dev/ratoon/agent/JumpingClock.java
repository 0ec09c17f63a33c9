package dev.ratoon.agent;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** The clock on the wall, which somebody sets as a test likes. */
final class JumpingClock implements InstantSource {
  private volatile Duration ahead = Duration.ZERO;

  @Override
  public Instant instant() {
    return Instant.now().plus(ahead);
  }

  void jump(Duration by) {
    ahead = ahead.plus(by);
  }
}
