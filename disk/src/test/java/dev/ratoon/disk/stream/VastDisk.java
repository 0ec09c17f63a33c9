package dev.ratoon.disk.stream;

import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Extent.Kind;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.VirtualDisk;
import java.nio.ByteBuffer;
import java.util.List;

/** The largest disk there can be, with nothing on it. */
record VastDisk(Layer layer) implements VirtualDisk {
  @Override
  public long size() {
    return Limits.MAX_DISK_BYTES;
  }

  @Override
  public void read(long offset, ByteBuffer target) {
    throw new AssertionError("read a hole");
  }

  @Override
  public Extent extentAt(long offset, long limit) {
    return new Extent(offset, limit - offset, Kind.HOLE);
  }

  @Override
  public List<Layer> layers() {
    return List.of(layer);
  }

  @Override
  public void close() {}
}
