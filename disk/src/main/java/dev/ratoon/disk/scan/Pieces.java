package dev.ratoon.disk.scan;

import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Extent.Kind;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import java.util.Optional;

/**
 * Cuts what is stored of a disk into pieces for several threads to take in turn. Pieces begin and
 * end on grains, and together cover every grain that is not known to be zero.
 */
final class Pieces {
  /** How far to look ahead at a time: looking must not take long while others wait. */
  private static final long LOOK_AHEAD_BYTES = 1L << 30;

  /**
   * @param offset where it begins on the disk
   * @param length bytes, at most {@link DiskScan#MAX_PIECE_BYTES}
   */
  record Piece(long offset, int length) {}

  private final VirtualDisk disk;
  private final int grainBytes;
  private final Progress progress;
  private long next;

  /** What was found last: finding an extent costs its length, so each is looked for once. */
  private Extent known = new Extent(0, 0, Kind.HOLE);

  Pieces(VirtualDisk disk, int grainBytes, Progress progress) {
    this.disk = disk;
    this.grainBytes = grainBytes;
    this.progress = progress;
  }

  /** The next piece, or empty when none is left or the work was stopped. */
  synchronized Optional<Piece> take() {
    long size = disk.size();
    while (next < size) {
      if (next >= known.end()) {
        known = disk.extentAt(next, Math.min(size, next + LOOK_AHEAD_BYTES));
      }
      if (known.kind() == Kind.DATA) {
        return Optional.of(cut(known.end()));
      }
      long skipTo = known.end() == size ? size : floor(known.end());
      if (skipTo == next) {
        // The grain begins as a hole, but does not end as one.
        return Optional.of(cut(next + 1));
      }
      progress.advanced(skipTo - next);
      next = skipTo;
    }
    return Optional.empty();
  }

  private Piece cut(long dataEnd) {
    long grainEnd = floor(dataEnd - 1) + grainBytes;
    long pieceEnd = next - next % DiskScan.MAX_PIECE_BYTES + DiskScan.MAX_PIECE_BYTES;
    long end = Math.min(disk.size(), Math.min(grainEnd, pieceEnd));
    Piece piece = new Piece(next, (int) (end - next));
    next = end;
    return piece;
  }

  /** No more pieces are given out. */
  synchronized void stop() {
    next = disk.size();
  }

  private long floor(long offset) {
    return offset & -grainBytes;
  }
}
