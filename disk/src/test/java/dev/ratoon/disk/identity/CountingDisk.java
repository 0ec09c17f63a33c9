package dev.ratoon.disk.identity;

import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.VirtualDisk;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** Counts the bytes that are read of a disk. */
record CountingDisk(VirtualDisk disk, AtomicLong read) implements VirtualDisk {
  @Override
  public long size() {
    return disk.size();
  }

  @Override
  public void read(long offset, ByteBuffer target) {
    read.addAndGet(target.remaining());
    disk.read(offset, target);
  }

  @Override
  public Extent extentAt(long offset, long limit) {
    return disk.extentAt(offset, limit);
  }

  @Override
  public List<Layer> layers() {
    return disk.layers();
  }

  @Override
  public void close() {
    disk.close();
  }
}
