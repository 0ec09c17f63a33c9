package dev.ratoon.placement;

import dev.ratoon.model.DiskId;
import dev.ratoon.placement.BaseTable.Kin;

/**
 * A base disk that a request needs.
 *
 * @param number in the fleet
 * @param kin what others have of it
 * @param supplyNanos that all those who have it need for each MiB; 0 if that is unknown
 */
record BaseWanted(int number, DiskId id, long bytes, Kin kin, long supplyNanos) {

  /** The least that is missing wherever the base is not. */
  long leastMissing() {
    return Math.min(bytes, kin.least());
  }
}
