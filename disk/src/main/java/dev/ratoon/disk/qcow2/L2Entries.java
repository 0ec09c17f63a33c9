package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.Limits;
import dev.ratoon.disk.file.Faults;
import java.nio.file.Path;

/**
 * Takes entries of L2 tables apart and refuses those that break a rule of docs/formats/qcow2.md.
 * Entries are named by their page and their index in it.
 */
final class L2Entries {
  static final long OFFSET = 0x00ff_ffff_ffff_fe00L;

  /** In L1 entries too. */
  static final long COPIED = 1L << 63;

  static final long COMPRESSED = 1L << 62;
  static final long ALL_ZERO = 1;

  private static final int COMPRESSED_FLAGS_AT = 62;
  static final int SUBCLUSTERS = 32;

  /** What a stretch of the guest's disk is in this file. */
  enum Kind {
    /** Not in this file: the parent's. */
    ABSENT,
    ZERO,
    PLAIN,
    /** One packed cluster, or the part of it that was asked for. */
    COMPRESSED
  }

  /**
   * Where a compressed cluster is packed.
   *
   * @param offset of its first byte in the file
   * @param bytes the most that it can have, to the end of its last sector
   */
  record Packed(long offset, long bytes) {}

  private final Path file;
  private final Qcow2Grid grid;

  /** Whether bit 0 says that a cluster reads as zeros. */
  private final boolean zeroBit;

  L2Entries(Path file, Qcow2Header header) {
    this.file = file;
    this.grid = new Qcow2Grid(header);
    this.zeroBit = header.version() >= 3 && !header.extendedL2();
  }

  /** Whether clusters can be marked as zeros, be it by a bit each or in parts. */
  boolean canMarkZeros() {
    return zeroBit || grid.extended();
  }

  long word(Page page, int index) {
    return page.word(grid.extended() ? index * 2 : index);
  }

  /** Which subclusters are allocated (bits 0 to 31) and which read as zeros (32 to 63). */
  long bitmap(Page page, int index) {
    return grid.extended() ? page.word(index * 2 + 1) : 0;
  }

  void set(Page page, int index, long word, long bitmap) {
    page.setWord(grid.extended() ? index * 2 : index, word);
    if (grid.extended()) {
      page.setWord(index * 2 + 1, bitmap);
    }
  }

  /**
   * What a unit is.
   *
   * @param subcluster 0 without subclusters
   */
  Kind kind(Page page, int index, int subcluster) {
    long word = word(page, index);
    if ((word & COMPRESSED) != 0) {
      if ((word & COPIED) != 0 || bitmap(page, index) != 0) {
        throw badEntry();
      }
      return Kind.COMPRESSED;
    }
    long reserved = ~(OFFSET | COPIED | (zeroBit ? ALL_ZERO : 0));
    if ((word & reserved) != 0 || (word & OFFSET & Qcow2Grid.mask(grid.clusterBits())) != 0) {
      throw badEntry();
    }
    boolean stored = (word & OFFSET) != 0;
    if (!grid.extended()) {
      return (word & ALL_ZERO) != 0 ? Kind.ZERO : stored ? Kind.PLAIN : Kind.ABSENT;
    }
    return subclusterKind(bitmap(page, index), subcluster, stored);
  }

  /** Refuses an entry of which any part breaks a rule. */
  void check(Page page, int index) {
    int units = grid.extended() ? SUBCLUSTERS : 1;
    for (int unit = 0; unit < units; unit++) {
      kind(page, index, unit);
    }
  }

  private Kind subclusterKind(long bitmap, int subcluster, boolean stored) {
    boolean allocated = (bitmap >>> subcluster & 1) != 0;
    boolean zero = (bitmap >>> (SUBCLUSTERS + subcluster) & 1) != 0;
    if ((allocated && zero) || (allocated && !stored)) {
      throw badEntry();
    }
    return zero ? Kind.ZERO : allocated ? Kind.PLAIN : Kind.ABSENT;
  }

  private RuntimeException badEntry() {
    return Faults.corrupt(file, "An entry of an L2 table is not valid.");
  }

  /** Where a cluster that is not compressed has its place, used or kept; 0 if it has none. */
  long host(Page page, int index) {
    long word = word(page, index);
    return (word & COMPRESSED) != 0 ? 0 : word & OFFSET;
  }

  /** What the {@code word} of a compressed cluster says. */
  Packed packed(long word) {
    int offsetBits = COMPRESSED_FLAGS_AT - (grid.clusterBits() - 8);
    long offset = word & Qcow2Grid.mask(offsetBits);
    long sectors = ((word & Qcow2Grid.mask(COMPRESSED_FLAGS_AT)) >>> offsetBits) + 1;
    return new Packed(offset, sectors * Limits.SECTOR_BYTES - (offset & (Limits.SECTOR_BYTES - 1)));
  }

  /** The word of a cluster that is packed into {@code bytes} bytes at {@code offset}. */
  long packedWord(long offset, int bytes) {
    int offsetBits = COMPRESSED_FLAGS_AT - (grid.clusterBits() - 8);
    long furtherSectors = (offset + bytes - 1) / Limits.SECTOR_BYTES - offset / Limits.SECTOR_BYTES;
    return COMPRESSED | furtherSectors << offsetBits | offset;
  }

  /** The bitmap bits of subclusters from one to another, the latter excluded: as allocated. */
  static long allocated(int from, int to) {
    return Qcow2Grid.mask(to) & ~Qcow2Grid.mask(from);
  }

  /** The bits that say of the same subclusters that they read as zeros. */
  static long asZeros(long allocated) {
    return allocated << SUBCLUSTERS;
  }
}
