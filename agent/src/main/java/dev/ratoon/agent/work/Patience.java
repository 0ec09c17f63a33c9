package dev.ratoon.agent.work;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * How long to go on trying what fails for a reason that may pass, and how long to rest between
 * tries.
 */
public final class Patience {
  private static final Duration FIRST_REST = Duration.ofMillis(250);
  private static final Duration LONGEST_REST = Duration.ofSeconds(30);

  /** How long somebody who waits for a VM is let wait. */
  public static final Duration OF_A_USER = Duration.ofSeconds(45);

  private final Duration inAll;

  private Optional<Instant> since = Optional.empty();
  private Duration rest = FIRST_REST;

  /**
   * @param inAll how long to go on trying
   */
  public Patience(Duration inAll) {
    this.inAll = inAll;
  }

  /** All is well again. */
  public void renew() {
    since = Optional.empty();
    rest = FIRST_REST;
  }

  /** Whether it has failed for too long to go on. */
  public boolean isOver(Instant now) {
    return since.isPresent() && now.isAfter(since.get().plus(inAll));
  }

  /** It failed: when to try again. Twice as long each time. */
  public Instant nextTry(Instant now) {
    if (since.isEmpty()) {
      since = Optional.of(now);
    }
    Instant next = now.plus(rest);
    Duration doubled = rest.multipliedBy(2);
    rest = doubled.compareTo(LONGEST_REST) < 0 ? doubled : LONGEST_REST;
    return next;
  }
}
