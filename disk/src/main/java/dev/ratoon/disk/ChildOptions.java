package dev.ratoon.disk;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;

/**
 * How a qcow2 child is laid out.
 *
 * @param clusterBytes a power of two from 512 to 2 MiB; at least 16 KiB with subclusters
 * @param extendedL2 whether each cluster has 32 subclusters, so that small writes copy less from
 *     the parent
 */
public record ChildOptions(int clusterBytes, boolean extendedL2) {
  /** What QEMU has by default: clusters of 64 KiB, no subclusters. */
  public static final ChildOptions STANDARD = new ChildOptions(1 << 16, false);

  /** Clusters of 128 KiB with subclusters of 4 KiB. */
  public static final ChildOptions SUBCLUSTERS = new ChildOptions(1 << 17, true);

  private static final int SMALLEST_EXTENDED_BITS = 14;

  /**
   * @throws RatoonException {@link ErrorCode#INVALID_VALUE} if the size can't be that of a cluster
   */
  public ChildOptions {
    int bits = Integer.numberOfTrailingZeros(clusterBytes);
    int smallest = extendedL2 ? SMALLEST_EXTENDED_BITS : Qcow2Header.SMALLEST_CLUSTER_BITS;
    if (Integer.bitCount(clusterBytes) != 1
        || bits < smallest
        || bits > Qcow2Header.LARGEST_CLUSTER_BITS) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "using clusters of " + clusterBytes + " bytes")
          .next("Use a power of two from " + (1 << smallest) + " to 2 MiB.")
          .asException();
    }
  }

  int clusterBits() {
    return Integer.numberOfTrailingZeros(clusterBytes);
  }
}
