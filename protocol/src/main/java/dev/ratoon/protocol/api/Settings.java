package dev.ratoon.protocol.api;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.agent.ScrubRules;
import java.util.Optional;

/**
 * What an operator can set for the whole fleet.
 *
 * @param differencing whether disks are children of their base unless told otherwise
 * @param trashHours how long the disks of a deleted VM are kept
 * @param memoryRatio how much memory VMs may be promised for each byte that a host has
 * @param scrub how hosts look for silent corruption
 */
public record Settings(
    boolean differencing, int trashHours, double memoryRatio, Optional<ScrubRules> scrub) {
  public static final Settings DEFAULT = new Settings(true, 72, 1.0);

  private static final int MOST_DAYS = 3650;
  private static final long LEAST_BYTES_PER_SECOND = 1 << 20;

  /** Of a fleet that scrubs as is usual. */
  public Settings(boolean differencing, int trashHours, double memoryRatio) {
    this(differencing, trashHours, memoryRatio, Optional.empty());
  }

  /** How hosts look for silent corruption. */
  public ScrubRules scrubRules() {
    return scrub.orElse(ScrubRules.DEFAULT);
  }

  public Settings {
    scrub.ifPresent(Settings::check);
    if (trashHours < 0 || trashHours > 24 * 3650 || !(memoryRatio > 0 && memoryRatio <= 16)) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the settings")
          .next("trashHours is 0 to 87600, memoryRatio is above 0 and at most 16.")
          .asException();
    }
  }

  private static void check(ScrubRules scrub) {
    if (scrub.days() < 0
        || scrub.days() > MOST_DAYS
        || scrub.bytesPerSecond() < LEAST_BYTES_PER_SECOND) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the settings")
          .next("scrub.days is 0, for never, to 3650, scrub.bytesPerSecond at least 1 MiB.")
          .asException();
    }
  }
}
