package dev.ratoon.disk;

/** Bounds that hold for every format. */
final class Limits {
  static final int SECTOR_BYTES = 512;

  /** The largest disk: its tables of one entry for each 64 KiB stay small enough for memory. */
  static final long MAX_DISK_BYTES = 64L << 40;

  private Limits() {}

  static void checkRange(long offset, long limit, long size) {
    if (offset < 0 || offset >= limit || limit > size) {
      throw new IndexOutOfBoundsException(
          "range [" + offset + ", " + limit + ") of a disk of " + size + " bytes");
    }
  }
}
