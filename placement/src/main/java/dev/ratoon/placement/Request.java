package dev.ratoon.placement;

import dev.ratoon.model.DiskId;
import dev.ratoon.placement.BaseTable.Kin;
import org.jspecify.annotations.Nullable;

/**
 * What is asked for, in the numbers of one fleet.
 *
 * @param copyNanos what copying bases whole takes
 * @param bases the base disks that are needed
 * @param suited see {@link Shapes#suited}
 * @param only numbers of the hosts that come into question; null for all
 * @param group where the VMs of its group are; null for a VM without one
 */
record Request(
    VmNeeds needs,
    long memoryMebibytes,
    long diskMebibytes,
    long copyNanos,
    BaseWanted[] bases,
    int[] suited,
    int @Nullable [] only,
    @Nullable GroupHosts group) {

  /**
   * A base disk that is needed.
   *
   * @param supplyNanos that all those who have it need for each MiB; 0 if that is unknown
   */
  record BaseWanted(int number, DiskId id, long bytes, Kin kin, long supplyNanos) {

    /** The least that is missing wherever the base is not. */
    long leastMissing() {
      int[] order = kin.order();
      return order.length == 0 ? bytes : Math.min(bytes, kin.missing(order[0]));
    }
  }

  long allBasesBytes() {
    long sum = 0;
    for (BaseWanted base : bases) {
      sum += base.bytes();
    }
    return sum;
  }

  /** Whether a shape from the first to the last is as demanded. */
  boolean suits(long firstShape, long lastShape) {
    return suited[(int) lastShape + 1] > suited[(int) firstShape];
  }
}
