package dev.ratoon.server;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** Real time, shifted as a test likes. */
final class ManualClock implements InstantSource {
  private volatile Duration ahead = Duration.ZERO;

  @Override
  public Instant instant() {
    return Instant.now().plus(ahead);
  }

  void advance(Duration by) {
    ahead = ahead.plus(by);
  }
}
