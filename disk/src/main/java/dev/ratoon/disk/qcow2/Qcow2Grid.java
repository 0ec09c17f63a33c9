package dev.ratoon.disk.qcow2;

/**
 * The sizes that follow from those of a cluster and of an L2 entry.
 *
 * @param clusterBits log2 of the bytes of a cluster
 * @param extended whether each cluster has 32 subclusters
 */
record Qcow2Grid(int clusterBits, boolean extended) {
  private static final int MAX_PAGE_BITS = 16;
  private static final int SUBCLUSTER_BITS = 5;

  Qcow2Grid(Qcow2Header header) {
    this(header.clusterBits(), header.extendedL2());
  }

  int clusterBytes() {
    return 1 << clusterBits;
  }

  /** log2 of the bytes of what is allocated as one: a cluster, or a subcluster. */
  int unitBits() {
    return extended ? clusterBits - SUBCLUSTER_BITS : clusterBits;
  }

  /** log2 of the bytes of a page: tables are held in memory in pieces of this. */
  int pageBits() {
    return Math.min(clusterBits, MAX_PAGE_BITS);
  }

  /** log2 of the bytes of the guest's disk that one page of an L2 table describes. */
  int pageCoverBits() {
    return clusterBits + pageBits() - entryBits();
  }

  /** log2 of the bytes of the guest's disk that one L2 table describes. */
  int tableCoverBits() {
    return clusterBits + clusterBits - entryBits();
  }

  /** log2 of the bytes of an L2 entry. */
  private int entryBits() {
    return extended ? 4 : 3;
  }

  /** Which entry of its page describes a place of the guest's disk. */
  int entryIndex(long offset) {
    return (int) ((offset & mask(pageCoverBits())) >>> clusterBits);
  }

  /** The index of the last entry of a page. */
  int lastEntryIndex() {
    return (1 << (pageBits() - entryBits())) - 1;
  }

  /** Which subcluster of its cluster a place is in; 0 without subclusters. */
  int subcluster(long offset) {
    return extended ? (int) ((offset & mask(clusterBits)) >>> unitBits()) : 0;
  }

  long clusterStart(long offset) {
    return offset & -clusterBytes();
  }

  /** The first byte behind the cluster that {@code offset} is in. */
  long clusterEnd(long offset) {
    return clusterStart(offset) + clusterBytes();
  }

  long unitStart(long offset) {
    return offset & ~mask(unitBits());
  }

  /** The first byte behind the unit that {@code offset} is in. */
  long unitEnd(long offset) {
    return unitStart(offset) + (1L << unitBits());
  }

  /** The first byte behind what the same page describes as {@code offset}. */
  long pageEnd(long offset) {
    return (offset | mask(pageCoverBits())) + 1;
  }

  /** The first byte behind what the same L2 table describes as {@code offset}. */
  long tableEnd(long offset) {
    return (offset | mask(tableCoverBits())) + 1;
  }

  /** How many clusters {@code bytes} take. */
  long clusters(long bytes) {
    return (bytes + clusterBytes() - 1) >>> clusterBits;
  }

  static long mask(int bits) {
    return (1L << bits) - 1;
  }
}
