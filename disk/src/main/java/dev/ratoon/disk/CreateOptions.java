package dev.ratoon.disk;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;

/** How a new disk is to be stored. */
public sealed interface CreateOptions {

  DiskFormat format();

  /** What is usual for a format. */
  static CreateOptions standard(DiskFormat format) {
    return switch (format) {
      case RAW -> new Raw();
      case QCOW2 -> Qcow2.STANDARD;
      case VHD -> Vhd.STANDARD;
      case VHDX -> Vhdx.STANDARD;
      case VMDK ->
          throw Problem.of(ErrorCode.INVALID_VALUE, "making a VMDK")
              .detail("VMDK is read, not written.")
              .next("Choose raw, qcow2, vhd or vhdx.")
              .asException();
    };
  }

  /** A sparse file, byte for byte what the guest reads. */
  record Raw() implements CreateOptions {
    @Override
    public DiskFormat format() {
      return DiskFormat.RAW;
    }
  }

  /**
   * qcow2, version 3.
   *
   * @param clusterBytes a power of two from 512 to 2 MiB; at least 16 KiB with subclusters
   * @param extendedL2 whether each cluster has 32 subclusters, so that small writes copy less from
   *     the parent
   * @param compressed whether clusters that are written whole, for the first time, are packed with
   *     zstd
   */
  record Qcow2(int clusterBytes, boolean extendedL2, boolean compressed) implements CreateOptions {
    /** What QEMU has by default: clusters of 64 KiB, no subclusters. */
    public static final Qcow2 STANDARD = new Qcow2(1 << 16, false, false);

    /** Clusters of 128 KiB with subclusters of 4 KiB. */
    public static final Qcow2 SUBCLUSTERS = new Qcow2(1 << 17, true, false);

    private static final int SMALLEST_CLUSTER = 1 << 9;
    private static final int SMALLEST_EXTENDED = 1 << 14;
    private static final int LARGEST_CLUSTER = 1 << 21;

    /**
     * @throws RatoonException {@link ErrorCode#INVALID_VALUE} if the size can't be that of a
     *     cluster
     */
    public Qcow2 {
      require(
          "clusters",
          clusterBytes,
          extendedL2 ? SMALLEST_EXTENDED : SMALLEST_CLUSTER,
          LARGEST_CLUSTER);
    }

    @Override
    public DiskFormat format() {
      return DiskFormat.QCOW2;
    }

    /** log2 of {@link #clusterBytes}. */
    public int clusterBits() {
      return Integer.numberOfTrailingZeros(clusterBytes);
    }
  }

  /** Whether all of a disk has its place in the file from the beginning. */
  enum Allocation {
    /** Every byte has its place at once. A child cannot be so. */
    FIXED,
    /** Blocks get a place when they are first written. */
    DYNAMIC
  }

  /**
   * VHD.
   *
   * @param blockBytes a power of two from 512 KiB to 256 MiB; without meaning if fixed
   * @param sizing what to do with a size that the format's geometry cannot express
   */
  record Vhd(Allocation allocation, int blockBytes, Sizing sizing) implements CreateOptions {
    /** What Hyper-V makes: dynamic, blocks of 2 MiB; the true size. */
    public static final Vhd STANDARD = new Vhd(Allocation.DYNAMIC, 2 << 20, Sizing.EXACT);

    private static final int SMALLEST_BLOCK = 1 << 19;
    private static final int LARGEST_BLOCK = 1 << 28;

    /** The size of a VHD: what its footer says, or what its cylinders, heads and sectors make. */
    public enum Sizing {
      /** The true size, kept in the footer's current size. Some old readers go by the geometry. */
      EXACT,
      /** The next larger size that the geometry expresses: the content grows by zeros. */
      GEOMETRY
    }

    /**
     * @throws RatoonException {@link ErrorCode#INVALID_VALUE} if the size can't be that of a block
     */
    public Vhd {
      require("blocks", blockBytes, SMALLEST_BLOCK, LARGEST_BLOCK);
    }

    @Override
    public DiskFormat format() {
      return DiskFormat.VHD;
    }
  }

  /**
   * VHDX.
   *
   * @param blockBytes a power of two from 1 to 256 MiB
   * @param sectorBytes what the guest is told is a sector: 512 or 4096
   */
  record Vhdx(Allocation allocation, int blockBytes, int sectorBytes) implements CreateOptions {
    /** Dynamic, blocks of 2 MiB (what Hyper-V makes for differencing disks), sectors of 512. */
    public static final Vhdx STANDARD = new Vhdx(Allocation.DYNAMIC, 2 << 20, 512);

    private static final int SMALLEST_BLOCK = 1 << 20;
    private static final int LARGEST_BLOCK = 1 << 28;
    private static final int LARGE_SECTOR = 4096;

    /**
     * @throws RatoonException {@link ErrorCode#INVALID_VALUE} if a size is not one of the format's
     */
    public Vhdx {
      require("blocks", blockBytes, SMALLEST_BLOCK, LARGEST_BLOCK);
      if (sectorBytes != Limits.SECTOR_BYTES && sectorBytes != LARGE_SECTOR) {
        throw Problem.of(ErrorCode.INVALID_VALUE, "using sectors of " + sectorBytes + " bytes")
            .next("Use 512 or 4096.")
            .asException();
      }
    }

    @Override
    public DiskFormat format() {
      return DiskFormat.VHDX;
    }
  }

  private static void require(String what, int bytes, int smallest, int largest) {
    if (Integer.bitCount(bytes) != 1 || bytes < smallest || bytes > largest) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "using " + what + " of " + bytes + " bytes")
          .next("Use a power of two from " + smallest + " to " + largest + ".")
          .asException();
    }
  }
}
