package dev.ratoon.disk.qcow2;

import io.airlift.compress.v3.zstd.ZstdCompressor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Packs clusters with zstd and gathers them, one behind the other. For one thread at a time. */
final class Packer {
  private static final int GATHERED_BYTES = 1 << 20;

  private final ZstdCompressor compressor = ZstdCompressor.create();
  private final byte[] cluster;
  private final byte[] gathered;
  private final List<Integer> lengths = new ArrayList<>();
  private int end;

  Packer(int clusterBytes) {
    cluster = new byte[clusterBytes];
    int most = compressor.maxCompressedLength(clusterBytes);
    gathered = new byte[Math.max(GATHERED_BYTES, clusterBytes) + most];
  }

  /** Whether there is no room for another cluster. */
  boolean full() {
    return end + compressor.maxCompressedLength(cluster.length) > gathered.length;
  }

  /**
   * Packs the rest of {@code source}, a cluster or the part of one that the disk has.
   *
   * @return false if it does not get smaller; then it is not gathered
   */
  boolean add(ByteBuffer source) {
    int bytes = source.remaining();
    source.get(cluster, 0, bytes);
    Arrays.fill(cluster, bytes, cluster.length, (byte) 0);
    int packed =
        compressor.compress(cluster, 0, cluster.length, gathered, end, gathered.length - end);
    if (packed >= cluster.length) {
      return false;
    }
    lengths.add(packed);
    end += packed;
    return true;
  }

  /** The cluster that was last given to {@link #add}, whole. */
  ByteBuffer plain() {
    return ByteBuffer.wrap(cluster);
  }

  /** The bytes that each gathered cluster takes. */
  List<Integer> lengths() {
    return List.copyOf(lengths);
  }

  /** All that was gathered, to the end of its last sector. */
  ByteBuffer gathered() {
    int padded = HostSpace.toSector(end);
    Arrays.fill(gathered, end, padded, (byte) 0);
    return ByteBuffer.wrap(gathered, 0, padded);
  }

  void clear() {
    lengths.clear();
    end = 0;
  }
}
