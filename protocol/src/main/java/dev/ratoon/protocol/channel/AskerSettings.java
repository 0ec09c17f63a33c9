package dev.ratoon.protocol.channel;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;

/**
 * How a host asks others.
 *
 * @param window how many pieces of 64 KiB a connection may hold that no receiver has finished with,
 *     1 to {@link Limits#WINDOW}: it bounds its memory, and its speed to this much in each round
 *     trip
 * @param deliveryThreads how many receivers of a connection may work at once
 * @param taking what it is held to in all
 */
public record AskerSettings(Timeouts timeouts, int window, int deliveryThreads, RateLimit taking) {
  /**
   * @throws dev.ratoon.model.RatoonException {@code INVALID_VALUE}
   */
  public AskerSettings {
    if (window < 1 || window > Limits.WINDOW || deliveryThreads < 1) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "setting up the chunk channel")
          .detail("The window is 1 to " + Limits.WINDOW + " pieces, and there is a thread.")
          .asException();
    }
  }

  /** Without a limit. */
  public AskerSettings(Timeouts timeouts, int window, int deliveryThreads) {
    this(timeouts, window, deliveryThreads, RateLimit.none());
  }

  /** The same, held to a rate. */
  public AskerSettings taking(RateLimit rate) {
    return new AskerSettings(timeouts, window, deliveryThreads, rate);
  }

  /** 4 MiB on their way in each connection, and two threads to verify what arrives. */
  public static AskerSettings usual() {
    return new AskerSettings(Timeouts.USUAL, 64, 2);
  }
}
