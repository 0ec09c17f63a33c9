package dev.ratoon.protocol.api;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.Problem;
import java.util.List;
import java.util.Optional;

/**
 * By which unused base disks leave a cache. What anything may still need never does, whatever the
 * policy says. Of the rest what was used within {@code keepDays} stays. Of what is left then
 * everything goes; or, if there is one of the limits, only as much as they ask for, what was not
 * used for the longest time first.
 *
 * @param keepDays how long a base stays after its last use
 * @param maxSharePercent of its file system's size that the cache may take
 * @param minFreeBytes that shall be free on its file system
 * @param keepAtLeast so many ready replicas of each base that an image names stay in the fleet; one
 *     unless told
 * @param pins images whose bases never go
 */
public record CachePolicy(
    Optional<Integer> keepDays,
    Optional<Integer> maxSharePercent,
    Optional<Long> minFreeBytes,
    Optional<Integer> keepAtLeast,
    List<ImageRef> pins) {
  private static final int MOST_DAYS = 3650;
  private static final int MOST_REPLICAS = 10_000;
  private static final int MOST_PINS = 1000;

  public CachePolicy {
    pins = List.copyOf(pins);
    if (keepDays.isEmpty() && maxSharePercent.isEmpty() && minFreeBytes.isEmpty()) {
      throw wrong(
          "It does not say when something may go.",
          "Say for how many days a base disk is kept (keep-days), or how much room a cache leaves"
              + " (max-share, min-free).");
    }
    if (keepDays.filter(days -> days < 0 || days > MOST_DAYS).isPresent()) {
      throw wrong("keep-days is out of range.", "It is 0 to " + MOST_DAYS + ".");
    }
    if (maxSharePercent.filter(percent -> percent < 0 || percent > 100).isPresent()) {
      throw wrong("max-share is out of range.", "It is 0 to 100.");
    }
    if (minFreeBytes.filter(bytes -> bytes < 0).isPresent()) {
      throw wrong("min-free is negative.", "Write how many bytes shall be free.");
    }
    if (keepAtLeast.filter(count -> count < 1 || count > MOST_REPLICAS).isPresent()) {
      throw wrong("keep-at-least is out of range.", "It is 1 to " + MOST_REPLICAS + ".");
    }
    if (pins.size() > MOST_PINS) {
      throw wrong("It pins too many images.", "At most " + MOST_PINS + ".");
    }
  }

  private static RuntimeException wrong(String detail, String next) {
    return Problem.of(ErrorCode.INVALID_VALUE, "reading the cache policy")
        .detail(detail)
        .next(next)
        .asException();
  }

  /** Whether it frees only what it must. */
  public boolean hasLimits() {
    return maxSharePercent.isPresent() || minFreeBytes.isPresent();
  }
}
