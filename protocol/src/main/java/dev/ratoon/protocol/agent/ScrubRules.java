package dev.ratoon.protocol.agent;

/**
 * How hosts look for silent corruption by themselves.
 *
 * @param days a base whose content was not verified for so long is read again; 0: none is
 * @param bytesPerSecond how fast it is read at most
 */
public record ScrubRules(int days, long bytesPerSecond) {
  public static final ScrubRules DEFAULT = new ScrubRules(30, 64L << 20);

  /** The rules of a host that was never told any. */
  public static final ScrubRules OFF = new ScrubRules(0, DEFAULT.bytesPerSecond);
}
