package dev.ratoon.disk.stream;

import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.file.Zeros;
import dev.ratoon.model.DiskPart;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * Writes what arrives into a new disk. A new disk without a parent reads as zeros already, so zeros
 * are left out; over a parent they have to be written down.
 */
public final class StreamTarget implements DiskStreamReader.Sink {
  /** Zeros are left out in steps of this: smaller holes cost more in extents than they save. */
  private static final int HOLE_BYTES = 16 << 10;

  private final WritableDisk disk;
  private final boolean overParent;

  /**
   * @param disk just made, and at least as large as what arrives
   */
  public StreamTarget(WritableDisk disk, DiskPart part) {
    this.disk = disk;
    this.overParent = part == DiskPart.OVERLAY;
  }

  @Override
  public void data(long offset, ByteBuffer bytes) {
    if (overParent) {
      disk.write(offset, bytes);
    } else {
      writeWithoutZeros(offset, bytes);
    }
  }

  @Override
  public void zero(long offset, long length) {
    if (overParent) {
      disk.zero(offset, length);
    }
  }

  /** Writes each run of blocks that are not zero with one call. */
  private void writeWithoutZeros(long offset, ByteBuffer bytes) {
    MemorySegment segment = MemorySegment.ofBuffer(bytes);
    int end = bytes.remaining();
    int at = 0;
    while (at < end) {
      int run = at;
      while (at < end && !Zeros.all(segment, at, Math.min(HOLE_BYTES, end - at))) {
        at = Math.min(end, at + HOLE_BYTES);
      }
      if (at > run) {
        disk.write(offset + run, bytes.slice(run, at - run));
      }
      at = Math.min(end, at + HOLE_BYTES);
    }
  }
}
