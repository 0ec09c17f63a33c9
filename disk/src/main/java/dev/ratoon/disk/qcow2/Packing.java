package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.file.ImageFile;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/** Writes whole clusters packed, when they are written for the first time. */
final class Packing {
  private static final int MOST_KEPT = 8;

  private final ImageFile file;
  private final Qcow2Grid grid;
  private final WritableTables tables;
  private final Deque<Packer> idle = new ArrayDeque<>();

  Packing(ImageFile file, Qcow2Grid grid, WritableTables tables) {
    this.file = file;
    this.grid = grid;
    this.tables = tables;
  }

  /**
   * Writes as many clusters of {@code source} as are whole and written for the first time.
   *
   * @param offset where a cluster begins
   * @return whether there was at least one
   */
  boolean write(long offset, ByteBuffer source) {
    Optional<Stretch> claim = tables.claimFresh(offset, offset + source.remaining());
    if (claim.isEmpty()) {
      return false;
    }
    Packer packer = take();
    try {
      pack(claim.get(), source, packer);
    } finally {
      tables.abandon(claim.get());
      give(packer);
    }
    return true;
  }

  private void pack(Stretch claim, ByteBuffer source, Packer packer) {
    int limit = source.limit();
    long first = claim.from();
    for (long at = first; at < claim.to(); at = grid.clusterEnd(at)) {
      int bytes = (int) (Math.min(grid.clusterEnd(at), claim.to()) - at);
      source.limit(source.position() + bytes);
      boolean packed = packer.add(source);
      source.limit(limit);
      if (!packed || packer.full()) {
        bringOut(first, packer);
        first = grid.clusterEnd(at);
      }
      if (!packed) {
        long host = tables.placePlain();
        file.write(host, packer.plain());
        tables.putWhole(at, host);
      }
    }
    bringOut(first, packer);
  }

  private void bringOut(long first, Packer packer) {
    if (!packer.lengths().isEmpty()) {
      long host = tables.placePacked(packer.lengths());
      file.write(host, packer.gathered());
      tables.putPacked(first, host, packer.lengths());
      packer.clear();
    }
  }

  private Packer take() {
    synchronized (idle) {
      if (!idle.isEmpty()) {
        return idle.pop();
      }
    }
    return new Packer(grid.clusterBytes());
  }

  private void give(Packer packer) {
    packer.clear();
    synchronized (idle) {
      if (idle.size() < MOST_KEPT) {
        idle.push(packer);
      }
    }
  }
}
