package dev.ratoon.disk.vhd;

import dev.ratoon.disk.Limits;

/**
 * Cylinders, heads and sectors as the specification computes them from a size. They express only
 * some sizes, and none above 127 GiB. Source: Virtual Hard Disk Image Format 1.0, appendix "CHS
 * Calculation".
 */
record VhdGeometry(int cylinders, int heads, int sectorsPerTrack) {
  private static final long MOST_SECTORS = 65535L * 16 * 255;

  /** The geometry of a disk of {@code bytes} bytes: not larger than it, unless it is tiny. */
  static VhdGeometry of(long bytes) {
    long sectors = Math.min(bytes / Limits.SECTOR_BYTES, MOST_SECTORS);
    if (sectors >= 65535L * 16 * 63) {
      return new VhdGeometry((int) (sectors / 255 / 16), 16, 255);
    }
    int perTrack = 17;
    long tracks = sectors / perTrack;
    int heads = Math.max(4, (int) ((tracks + 1023) / 1024));
    if (tracks >= heads * 1024L || heads > 16) {
      perTrack = 31;
      heads = 16;
      tracks = sectors / perTrack;
    }
    if (tracks >= heads * 1024L) {
      perTrack = 63;
      heads = 16;
      tracks = sectors / perTrack;
    }
    return new VhdGeometry((int) (tracks / heads), heads, perTrack);
  }

  /** Bytes of the disk that it makes. */
  long bytes() {
    return (long) cylinders * heads * sectorsPerTrack * Limits.SECTOR_BYTES;
  }

  /** Whether it is the one that all larger disks have. */
  boolean isLargest() {
    return (long) cylinders * heads * sectorsPerTrack >= MOST_SECTORS;
  }

  /**
   * The smallest size of at least {@code bytes} that a geometry expresses; else that size itself.
   */
  static long roundedUp(long bytes) {
    long at = bytes;
    while (true) {
      VhdGeometry geometry = of(at);
      if (geometry.isLargest() || geometry.bytes() >= bytes) {
        return geometry.isLargest() ? bytes : geometry.bytes();
      }
      at += Limits.SECTOR_BYTES;
    }
  }
}
