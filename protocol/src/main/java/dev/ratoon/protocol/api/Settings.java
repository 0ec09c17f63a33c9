package dev.ratoon.protocol.api;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;

/**
 * What an operator can set for the whole fleet.
 *
 * @param differencing whether disks are children of their base unless told otherwise
 * @param trashHours how long the disks of a deleted VM are kept
 * @param memoryRatio how much memory VMs may be promised for each byte that a host has
 */
public record Settings(boolean differencing, int trashHours, double memoryRatio) {
  public static final Settings DEFAULT = new Settings(true, 72, 1.0);

  public Settings {
    if (trashHours < 0 || trashHours > 24 * 3650 || !(memoryRatio > 0 && memoryRatio <= 16)) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the settings")
          .next("trashHours is 0 to 87600, memoryRatio is above 0 and at most 16.")
          .asException();
    }
  }
}
