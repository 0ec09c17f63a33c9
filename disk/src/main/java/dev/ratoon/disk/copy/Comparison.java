package dev.ratoon.disk.copy;

import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Extent.Kind;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.file.Zeros;
import dev.ratoon.disk.scan.DiskScan;
import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;

/** Finds out whether a guest would read the same from two disks. */
public final class Comparison {
  private static final long NONE = Long.MAX_VALUE;

  private Comparison() {}

  /**
   * The offset of the first byte that differs; empty if none does. A disk that is shorter than the
   * other is taken to go on with zeros.
   *
   * @param parallelism threads, 1 to 64
   * @param progress hears of the larger disk's bytes; not of all of them if there is a difference
   * @throws RatoonException what reading throws; {@code INTERRUPTED}
   */
  public static OptionalLong firstDifference(
      VirtualDisk one, VirtualDisk other, int parallelism, Progress progress) {
    boolean inOrder = one.size() >= other.size();
    VirtualDisk longer = inOrder ? one : other;
    VirtualDisk shorter = inOrder ? other : one;
    AtomicLong first = new AtomicLong(NONE);
    DiskScan.run(
        new EitherStores(longer, shorter),
        parallelism,
        Limits.CHUNK_BYTES,
        progress,
        () -> new Comparer(shorter, first));
    return first.get() == NONE ? OptionalLong.empty() : OptionalLong.of(first.get());
  }

  /** Reads as the longer disk, and counts as stored wherever one of the two does. */
  private record EitherStores(VirtualDisk longer, VirtualDisk shorter) implements VirtualDisk {
    @Override
    public long size() {
      return longer.size();
    }

    @Override
    public void read(long offset, ByteBuffer target) {
      longer.read(offset, target);
    }

    @Override
    public Extent extentAt(long offset, long limit) {
      Extent a = longer.extentAt(offset, limit);
      if (a.kind() == Kind.DATA || offset >= shorter.size()) {
        return a;
      }
      Extent b = shorter.extentAt(offset, Math.min(a.end(), shorter.size()));
      return new Extent(offset, b.length(), b.kind() == Kind.DATA ? Kind.DATA : Kind.HOLE);
    }

    @Override
    public List<Layer> layers() {
      return longer.layers();
    }

    @Override
    public void close() {}
  }

  /** One thread's share of the work. */
  private static final class Comparer implements DiskScan.Visitor {
    private final VirtualDisk other;
    private final AtomicLong first;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(DiskScan.MAX_PIECE_BYTES);

    Comparer(VirtualDisk other, AtomicLong first) {
      this.other = other;
      this.first = first;
    }

    @Override
    public void visit(long offset, ByteBuffer content) {
      int length = content.remaining();
      buffer.clear().limit(length);
      int there = Math.clamp(other.size() - offset, 0, length);
      if (there > 0) {
        other.read(offset, buffer.limit(there));
      }
      Zeros.fill(buffer.limit(length));
      int mismatch = content.mismatch(buffer.flip());
      if (mismatch >= 0) {
        first.accumulateAndGet(offset + mismatch, Math::min);
      }
    }

    /** Pieces are given out in order, so whatever lies before the difference is being looked at. */
    @Override
    public boolean enough() {
      return first.get() != NONE;
    }
  }
}
