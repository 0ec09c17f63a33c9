package dev.ratoon.protocol.channel;

import java.time.Duration;

/**
 * How long silence may last.
 *
 * @param connect for connecting, the handshake and the first answer, and for the answer when a
 *     stream is opened
 * @param ping after how long a silence the other side is asked whether it is there
 * @param dead after how long a silence it is given up
 */
public record Timeouts(Duration connect, Duration ping, Duration dead) {
  public static final Timeouts USUAL =
      new Timeouts(Duration.ofSeconds(5), Duration.ofSeconds(2), Duration.ofSeconds(6));
}
