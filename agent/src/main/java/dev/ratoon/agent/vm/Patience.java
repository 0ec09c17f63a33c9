package dev.ratoon.agent.vm;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * How long to go on trying what fails for a reason that may pass, and how long to rest between
 * tries.
 */
final class Patience {
  private static final Duration FIRST_REST = Duration.ofMillis(250);
  private static final Duration LONGEST_REST = Duration.ofSeconds(30);
  private static final Duration IN_ALL = Duration.ofSeconds(45);

  private Optional<Instant> since = Optional.empty();
  private Duration rest = FIRST_REST;

  /** All is well again. */
  void renew() {
    since = Optional.empty();
    rest = FIRST_REST;
  }

  /** Whether it has failed for too long to let a user wait for it. */
  boolean isOver(Instant now) {
    return since.isPresent() && now.isAfter(since.get().plus(IN_ALL));
  }

  /** It failed: when to try again. Twice as long each time. */
  Instant nextTry(Instant now) {
    if (since.isEmpty()) {
      since = Optional.of(now);
    }
    Instant next = now.plus(rest);
    Duration doubled = rest.multipliedBy(2);
    rest = doubled.compareTo(LONGEST_REST) < 0 ? doubled : LONGEST_REST;
    return next;
  }
}
