package dev.ratoon.disk.manifest;

import dev.ratoon.disk.ChunkSet;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Extent.Kind;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.VirtualDisk;
import java.nio.ByteBuffer;
import java.util.List;

/** A disk of which all but some chunks are said to be holes, so that nobody reads them. */
final class ChangedDisk implements VirtualDisk {
  private final VirtualDisk disk;
  private final ChunkSet shown;

  ChangedDisk(VirtualDisk disk, ChunkSet shown) {
    this.disk = disk;
    this.shown = shown;
  }

  @Override
  public long size() {
    return disk.size();
  }

  @Override
  public void read(long offset, ByteBuffer target) {
    disk.read(offset, target);
  }

  @Override
  public Extent extentAt(long offset, long limit) {
    long chunk = offset / Limits.CHUNK_BYTES;
    if (shown.contains(chunk)) {
      long end = shown.nextAbsent(chunk) * Limits.CHUNK_BYTES;
      return disk.extentAt(offset, Math.min(limit, end));
    }
    long end = shown.next(chunk) * Limits.CHUNK_BYTES;
    return new Extent(offset, Math.min(limit, end) - offset, Kind.HOLE);
  }

  @Override
  public List<Layer> layers() {
    return disk.layers();
  }

  /** Whoever opened the disk closes it. */
  @Override
  public void close() {}
}
