package dev.ratoon.disk.copy;

import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Extent.Kind;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.file.Zeros;
import dev.ratoon.disk.scan.DiskScan;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.LongAdder;

/**
 * Is shown what a child reads from its present parent, and keeps of it what the next parent would
 * not give: one thread's share of a {@link Rebase}.
 */
final class Keeper implements DiskScan.Visitor {
  private final WritableDisk child;
  private final VirtualDisk next;
  private final LongAdder copied;
  private final ByteBuffer other = ByteBuffer.allocateDirect(DiskScan.MAX_PIECE_BYTES);

  Keeper(WritableDisk child, VirtualDisk next, LongAdder copied) {
    this.child = child;
    this.next = next;
    this.copied = copied;
  }

  @Override
  public void visit(long offset, ByteBuffer content) {
    int length = content.remaining();
    Padded.read(next, offset, other.clear().limit(length));
    int at = 0;
    while (at < length) {
      Extent own = child.top().extentAt(offset + at, offset + length);
      int end = at + (int) own.length();
      if (own.kind() == Kind.HOLE) {
        keepDifferences(offset, content, at, end);
      }
      at = end;
    }
  }

  /** Looks at sectors, and keeps each run of those that differ. */
  private void keepDifferences(long offset, ByteBuffer content, int from, int to) {
    int at = from;
    while (at < to) {
      int start = at;
      while (at < to && differs(content, at, to)) {
        at = Math.min(to, at + Limits.SECTOR_BYTES);
      }
      if (at > start) {
        keep(offset + start, content.slice(start, at - start));
        copied.add(at - start);
      }
      at = Math.min(to, at + Limits.SECTOR_BYTES);
    }
  }

  private boolean differs(ByteBuffer content, int at, int to) {
    int length = Math.min(to - at, Limits.SECTOR_BYTES);
    return !content.slice(at, length).equals(other.slice(at, length));
  }

  /**
   * A format may think that a place which reads as it should needs nothing to be stored. Here it
   * does: soon something else will lie below. So it is not believed, but looked at.
   */
  private void keep(long offset, ByteBuffer bytes) {
    if (isZero(bytes)) {
      child.zero(offset, bytes.remaining());
      if (isOwn(offset, bytes.remaining())) {
        return;
      }
    }
    child.write(offset, bytes.duplicate());
    if (!isOwn(offset, bytes.remaining())) {
      throw Problem.of(ErrorCode.INTERNAL, "copying differences into '" + child.top().file() + "'")
          .detail("What was written at byte " + offset + " is not stored.")
          .next("Its parent is still the old one. Make a copy: ratoon disk flatten OLD NEW.")
          .asException();
    }
  }

  private static boolean isZero(ByteBuffer bytes) {
    MemorySegment segment = MemorySegment.ofBuffer(bytes);
    for (long at = 0; at < segment.byteSize(); at += Limits.CHUNK_BYTES) {
      if (!Zeros.all(segment, at, Math.min(Limits.CHUNK_BYTES, segment.byteSize() - at))) {
        return false;
      }
    }
    return true;
  }

  private boolean isOwn(long offset, long length) {
    for (long at = offset; at < offset + length; ) {
      Extent extent = child.top().extentAt(at, offset + length);
      if (extent.kind() == Kind.HOLE) {
        return false;
      }
      at = extent.end();
    }
    return true;
  }
}
