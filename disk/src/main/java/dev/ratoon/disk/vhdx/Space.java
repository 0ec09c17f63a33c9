package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.Structures.MIB;

import dev.ratoon.disk.file.ImageFile;
import java.util.BitSet;

/**
 * Gives out places of the file for blocks. First those that nothing referred to when the file was
 * opened, then new ones at its end. What becomes free later is not given out: on the disk its old
 * block may still be there, and somebody may be reading it.
 */
final class Space {
  private final ImageFile file;

  /** One bit for each MiB that is taken of what the file had when it was opened. */
  private final BitSet used;

  private final int gapsEnd;

  /** MiB that the file has now. */
  private int end;

  /** No gap has room for so many MiB, as far as is known. */
  private int tooMany;

  /**
   * @param bytes a place of the file, of whole MiB
   * @param fresh whether it reads as zeros, as all does behind the end of a file
   */
  record Place(long bytes, boolean fresh) {}

  private Space(ImageFile file, BitSet used, int smallestGap) {
    this.file = file;
    this.used = used;
    this.gapsEnd = (int) (file.length() / MIB);
    this.end = (int) ((file.length() + MIB - 1) / MIB);
    this.tooMany = smallestGap;
  }

  /** In a file of which everything is taken. */
  static Space atEnd(ImageFile file) {
    return new Space(file, new BitSet(), 1);
  }

  /** In a file of which these MiB are taken. */
  static Space around(ImageFile file, BitSet used) {
    return new Space(file, used, Integer.MAX_VALUE);
  }

  /** A place of {@code bytes}, whole MiB. The file is as long already as this needs. */
  synchronized Place take(long bytes) {
    int units = (int) (bytes / MIB);
    int gap = units < tooMany ? gap(units) : gapsEnd;
    if (gap < gapsEnd) {
      used.set(gap, gap + units);
      return new Place(gap * MIB, false);
    }
    tooMany = Math.min(tooMany, units);
    long offset = end * MIB;
    // Made longer before anybody writes there: setting a length writes to the last byte.
    file.setLength(offset + bytes);
    end += units;
    return new Place(offset, true);
  }

  /** The first MiB of a gap that has room, or where the gaps end. */
  private int gap(int units) {
    int from = used.nextClearBit(0);
    while (from < gapsEnd) {
      int taken = used.nextSetBit(from);
      int gapEnd = taken < 0 ? gapsEnd : Math.min(taken, gapsEnd);
      if (gapEnd - from >= units) {
        return from;
      }
      from = used.nextClearBit(gapEnd);
    }
    return gapsEnd;
  }
}
