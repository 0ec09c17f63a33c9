package dev.ratoon.disk;

/** Bounds and grains that hold for every format. */
public final class Limits {
  /** What every size and offset of a stored block is a multiple of. */
  public static final int SECTOR_BYTES = 512;

  /** The grain of identity: what a manifest has a digest for. */
  public static final int CHUNK_BYTES = 1 << 16;

  /** The largest disk: its tables of one entry for each 64 KiB stay small enough for memory. */
  public static final long MAX_DISK_BYTES = 64L << 40;

  private Limits() {}

  /**
   * @throws IndexOutOfBoundsException unless 0 <= offset < limit <= size
   */
  public static void checkRange(long offset, long limit, long size) {
    if (offset < 0 || offset >= limit || limit > size) {
      throw new IndexOutOfBoundsException(
          "range [" + offset + ", " + limit + ") of a disk of " + size + " bytes");
    }
  }
}
