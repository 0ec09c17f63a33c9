package dev.ratoon.protocol.api;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.agent.ScrubRules;
import dev.ratoon.protocol.agent.TransferLimits;
import java.util.Optional;

/**
 * What an operator can set for the whole fleet.
 *
 * @param differencing whether disks are children of their base unless told otherwise
 * @param trashHours how long the disks of a deleted VM are kept
 * @param memoryRatio how much memory VMs may be promised for each byte that a host has
 * @param scrub how hosts look for silent corruption
 * @param transfers how much each host may move
 * @param placement how hosts are chosen for VMs
 * @param upkeep what the fleet does by itself to keep its disks from filling up
 */
public record Settings(
    boolean differencing,
    int trashHours,
    double memoryRatio,
    Optional<ScrubRules> scrub,
    Optional<TransferLimits> transfers,
    Optional<PlacementSettings> placement,
    Optional<Upkeep> upkeep) {
  public static final Settings DEFAULT = new Settings(true, 72, 1.0);

  private static final int MOST_DAYS = 3650;

  /** A slower rate would let a piece be on its way for so long that its source seems dead. */
  private static final long LEAST_BYTES_PER_SECOND = 1 << 20;

  private static final int MOST_UPLOADS = 1000;

  /** Of a fleet that scrubs as is usual and moves as much as it can. */
  public Settings(boolean differencing, int trashHours, double memoryRatio) {
    this(differencing, trashHours, memoryRatio, Optional.empty(), Optional.empty());
  }

  /** Of a fleet that places as is usual. */
  public Settings(
      boolean differencing,
      int trashHours,
      double memoryRatio,
      Optional<ScrubRules> scrub,
      Optional<TransferLimits> transfers) {
    this(differencing, trashHours, memoryRatio, scrub, transfers, Optional.empty());
  }

  /** Of a fleet that is kept up as is usual. */
  public Settings(
      boolean differencing,
      int trashHours,
      double memoryRatio,
      Optional<ScrubRules> scrub,
      Optional<TransferLimits> transfers,
      Optional<PlacementSettings> placement) {
    this(differencing, trashHours, memoryRatio, scrub, transfers, placement, Optional.empty());
  }

  /** The same, kept up like that. */
  public Settings with(Upkeep other) {
    return new Settings(
        differencing, trashHours, memoryRatio, scrub, transfers, placement, Optional.of(other));
  }

  /** What the fleet does by itself. */
  public Upkeep upkeepOrDefault() {
    return upkeep.orElse(Upkeep.DEFAULT);
  }

  /** How hosts are chosen for VMs. */
  public PlacementSettings placementOrDefault() {
    return placement.orElse(PlacementSettings.DEFAULT);
  }

  /** How hosts look for silent corruption. */
  public ScrubRules scrubRules() {
    return scrub.orElse(ScrubRules.DEFAULT);
  }

  /** How much each host may move. */
  public TransferLimits limits() {
    return transfers.orElse(TransferLimits.NONE);
  }

  /**
   * The rate, if it is one that hosts can be held to.
   *
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#INVALID_VALUE}
   */
  public static long rate(long bytesPerSecond) {
    if (bytesPerSecond != 0 && bytesPerSecond < LEAST_BYTES_PER_SECOND) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the rate " + bytesPerSecond + " B/s")
          .next("A rate is at least 1 MiB a second; 0 stands for no limit.")
          .asException();
    }
    return bytesPerSecond;
  }

  public Settings {
    scrub.ifPresent(Settings::check);
    transfers.ifPresent(Settings::check);
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
          .next("scrub-days is 0, for never, to 3650, and scrub-rate at least 1 MiB a second.")
          .asException();
    }
  }

  private static void check(TransferLimits limits) {
    long _ = rate(limits.giveBytesPerSecond());
    long _ = rate(limits.takeBytesPerSecond());
    long _ = rate(limits.libraryBytesPerSecond());
    if (limits.libraryUploads() < 0 || limits.libraryUploads() > MOST_UPLOADS) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the settings")
          .next("library-uploads is 0, for no limit, to " + MOST_UPLOADS + ".")
          .asException();
    }
  }
}
