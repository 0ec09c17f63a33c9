package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.Limits;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.disk.qcow2.L2Entries.Packed;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Gives out places of the file, always behind all that was ever used: so whoever still reads a
 * place that was given back finds there what was there. For one thread at a time.
 */
final class HostSpace {
  private static final int ZEROS_AT_ONCE = 1 << 16;
  private static final int MOST_GIVEN_BACK = 1 << 16;

  private final ImageFile file;
  private final Qcow2Grid grid;
  private final Refcounts counts;

  /** The first cluster behind all that was ever used. */
  private long end;

  /** Where the next packed cluster goes, and where the room for it ends. */
  private long packedAt;

  private long packedEnd;

  private final List<Packed> givenBack = new ArrayList<>();

  HostSpace(ImageFile file, Qcow2Grid grid, Refcounts counts) {
    this.file = file;
    this.grid = grid;
    this.counts = counts;
    this.end = grid.clusters(file.length());
  }

  /** A place for {@code clusters} clusters, counted once each. */
  long allocate(int clusters) {
    long first = reserve(clusters);
    for (long cluster = first; cluster < first + clusters; cluster++) {
      counts.set(cluster, 1);
    }
    return first << grid.clusterBits();
  }

  /** A place of one cluster for a table, which is full of zeros there. */
  long allocateTable() {
    long place = allocate(1);
    writeZeros(place);
    return place;
  }

  /**
   * A place for packed clusters, one behind the other; each is counted. As a zstd frame has at
   * least 4 bytes for each 128 KiB, 16 bits suffice to count those in one cluster.
   *
   * @param lengths bytes of each
   */
  long allocatePacked(List<Integer> lengths) {
    // What is written at once begins on a sector of its own, so that it can fill its last one.
    packedAt = (packedAt + Limits.SECTOR_BYTES - 1) & -Limits.SECTOR_BYTES;
    long total = lengths.stream().mapToLong(Integer::longValue).sum();
    if (total > packedEnd - packedAt && !extendPacked(total - (packedEnd - packedAt))) {
      int clusters = (int) grid.clusters(total);
      packedAt = reserve(clusters) << grid.clusterBits();
      packedEnd = packedAt + ((long) clusters << grid.clusterBits());
    }
    long place = packedAt;
    for (int length : lengths) {
      count(packedAt, length, 1);
      packedAt += length;
    }
    return place;
  }

  /** The end of the sector that {@code bytes} bytes reach into. */
  static int toSector(int bytes) {
    return (bytes + Limits.SECTOR_BYTES - 1) & -Limits.SECTOR_BYTES;
  }

  /** More room behind what there is; false if something else lies there. */
  private boolean extendPacked(long missing) {
    int clusters = (int) grid.clusters(missing);
    if (packedEnd != end << grid.clusterBits()
        || reserve(clusters) << grid.clusterBits() != packedEnd) {
      return false;
    }
    packedEnd += (long) clusters << grid.clusterBits();
    return true;
  }

  /** The place of a compressed cluster is free as soon as nothing durable refers to it. */
  void giveBack(Packed packed) {
    givenBack.add(packed);
  }

  /** Whether anything was given out or back since it was last brought to the file. */
  boolean changed() {
    return !givenBack.isEmpty() || counts.changed();
  }

  /** Whether it is time to write back. */
  boolean crowded() {
    return givenBack.size() > MOST_GIVEN_BACK || counts.crowded();
  }

  /** Nothing durable refers any more to what was given back. */
  void settle() {
    for (Packed packed : givenBack) {
      count(packed.offset(), packed.bytes(), -1);
    }
    givenBack.clear();
  }

  private void count(long offset, long bytes, int change) {
    long last = (offset + bytes - 1) >>> grid.clusterBits();
    for (long cluster = offset >>> grid.clusterBits(); cluster <= last; cluster++) {
      int count = counts.of(cluster);
      // In a damaged file it may be 0 already, and must not wrap around.
      if (count + change >= 0) {
        counts.set(cluster, count + change);
      }
    }
  }

  /** Clusters that nobody has, and that can be counted. */
  private long reserve(int clusters) {
    long first = take(clusters);
    makeCountable(first, first + clusters);
    return first;
  }

  /** Clusters behind the end that are not counted: a leak there may be no leak. */
  private long take(int clusters) {
    long first = end;
    for (long cluster = first; cluster < first + clusters; cluster++) {
      if (counts.of(cluster) != 0) {
        first = cluster + 1;
      }
    }
    end = first + clusters;
    return first;
  }

  private void makeCountable(long from, long to) {
    for (long block = counts.block(from); block <= counts.block(to - 1); block++) {
      if (block >= counts.tableEntries()) {
        growTable(block);
      }
      if (counts.blockAt(block) == 0) {
        addBlock(block);
      }
    }
  }

  private void addBlock(long block) {
    long cluster = take(1);
    writeZeros(cluster << grid.clusterBits());
    counts.addBlock(block, cluster << grid.clusterBits());
    makeCountable(cluster, cluster + 1);
    counts.set(cluster, 1);
  }

  private void growTable(long block) {
    int clusters = counts.clustersForBlock(block);
    Packed old = new Packed(counts.tableOffset(), counts.tableClusters() << grid.clusterBits());
    long first = take(clusters);
    counts.moveTable(first << grid.clusterBits(), clusters);
    givenBack.add(old);
    makeCountable(first, first + clusters);
    for (long cluster = first; cluster < first + clusters; cluster++) {
      counts.set(cluster, 1);
    }
  }

  private void writeZeros(long offset) {
    ByteBuffer zeros = ByteBuffer.allocate(Math.min(grid.clusterBytes(), ZEROS_AT_ONCE));
    for (int at = 0; at < grid.clusterBytes(); at += zeros.capacity()) {
      file.write(offset + at, zeros.clear());
    }
  }
}
