package dev.ratoon.protocol.api;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;

/**
 * What a fleet does by itself to keep its disks from filling up.
 *
 * @param cleanEveryHours how often caches are cleaned by their policies; 0: never by itself
 * @param lowSpacePercent a host of whose disk less is free runs low, and says so; 0: none does
 */
public record Upkeep(int cleanEveryHours, int lowSpacePercent) {
  public static final Upkeep DEFAULT = new Upkeep(0, 10);

  private static final int MOST_HOURS = 24 * 365;
  private static final int MOST_PERCENT = 90;

  public Upkeep {
    if (cleanEveryHours < 0 || cleanEveryHours > MOST_HOURS) {
      throw wrong("clean-every is 0, for never, to " + MOST_HOURS + " hours.");
    }
    if (lowSpacePercent < 0 || lowSpacePercent > MOST_PERCENT) {
      throw wrong("low-space is 0, for off, to " + MOST_PERCENT + " percent.");
    }
  }

  private static RuntimeException wrong(String next) {
    return Problem.of(ErrorCode.INVALID_VALUE, "reading the settings").next(next).asException();
  }
}
