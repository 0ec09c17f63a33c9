package dev.ratoon.protocol.channel;

/**
 * How a host asks others.
 *
 * @param window how many pieces of 64 KiB a connection may hold that no receiver has finished with,
 *     1 to {@link Limits#WINDOW}: it bounds its memory, and its speed to this much in each round
 *     trip
 * @param deliveryThreads how many receivers of a connection may work at once
 */
public record AskerSettings(Timeouts timeouts, int window, int deliveryThreads) {

  /** 4 MiB on their way in each connection, and two threads to verify what arrives. */
  public static AskerSettings usual() {
    return new AskerSettings(Timeouts.USUAL, 64, 2);
  }
}
