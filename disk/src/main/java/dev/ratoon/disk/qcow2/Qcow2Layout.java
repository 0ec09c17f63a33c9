package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.CreateOptions;

/**
 * Where the tables of a new qcow2 file lie, in clusters: header, refcount table, refcount blocks,
 * L1 table, one behind the other.
 *
 * @param tableClusters clusters of the refcount table
 * @param blockClusters refcount blocks, each a cluster
 * @param l1Clusters clusters of the L1 table
 * @param l1Entries entries of the L1 table
 */
record Qcow2Layout(long tableClusters, long blockClusters, long l1Clusters, long l1Entries) {

  static Qcow2Layout of(long size, CreateOptions.Qcow2 options) {
    long cluster = options.clusterBytes();
    long tableCovers = cluster / (options.extendedL2() ? 16 : 8) * cluster;
    long l1Entries = ceil(size, tableCovers);
    long l1Clusters = ceil(l1Entries * Long.BYTES, cluster);
    Qcow2Layout layout = new Qcow2Layout(1, 1, l1Clusters, l1Entries);
    // Blocks count themselves and the table that lists them, so more of them may need more still.
    while (true) {
      long blocks = ceil(layout.clusters() * Short.BYTES, cluster);
      Qcow2Layout next =
          new Qcow2Layout(ceil(blocks * Long.BYTES, cluster), blocks, l1Clusters, l1Entries);
      if (next.equals(layout)) {
        return layout;
      }
      layout = next;
    }
  }

  /** All clusters of the new file. */
  long clusters() {
    return l1Start() + l1Clusters;
  }

  long blockStart() {
    return 1 + tableClusters;
  }

  long l1Start() {
    return blockStart() + blockClusters;
  }

  private static long ceil(long amount, long unit) {
    return (amount + unit - 1) / unit;
  }
}
