package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.Structures.MIB;
import static dev.ratoon.disk.vhdx.Structures.MOST_FILE_BYTES;
import static dev.ratoon.disk.vhdx.Structures.SECTOR;

import dev.ratoon.disk.file.Faults;
import dev.ratoon.model.RatoonException;

/**
 * Where the file keeps what the guest sees: the BAT and the sector bitmaps, as specified in
 * docs/formats/vhdx.md. Entries are judged when they are used, so nothing that this class answers
 * lies outside the file or at a place that the format forbids.
 */
final class BlockMap {
  private static final int PAGE_BITS = 15;

  /** So many sectors have their bits in one page of a bitmap. */
  static final int PAGE_SECTORS = 1 << PAGE_BITS;

  private static final int IN_PAGE = PAGE_SECTORS - 1;

  /** What a stretch of the guest's disk is in this file. */
  enum Kind {
    /** Not in this file: the parent's, or zeros if there is none. */
    ABSENT,
    ZERO,
    STORED
  }

  /**
   * @param length bytes of the guest's disk
   * @param place STORED: where in the file the first byte is
   */
  record Run(Kind kind, long length, long place) {}

  private final ReplayedFile file;
  private final BlockGeometry geometry;
  private final long bat;
  private final Pages pages;

  /** The map in a file whose BAT begins at {@code bat}. */
  BlockMap(ReplayedFile file, BlockGeometry geometry, long bat, Pages pages) {
    this.file = file;
    this.geometry = geometry;
    this.bat = bat;
    this.pages = pages;
  }

  /** The longest run of one kind that is found cheaply from {@code offset} on. */
  Run runAt(long offset, long limit) {
    long block = geometry.blockAt(offset);
    long entryAt = entryAt(block);
    long[] page = pages.page(entryAt & -SECTOR);
    long entry = judged(block, page[Pages.index(entryAt)]);
    long end = Math.min(geometry.end(block), limit);
    long place = BlockState.place(entry) + offset - geometry.start(block);
    if (BlockState.of(entry) == BlockState.PARTIAL) {
      return sectorRun(block, offset, end, place);
    }
    Kind kind = kind(entry);
    while (end < limit) {
      block++;
      long nextAt = entryAt(block);
      if ((nextAt & -SECTOR) != (entryAt & -SECTOR)) {
        end = kind == Kind.ABSENT ? Math.max(end, endOfHole(nextAt, limit)) : end;
        break;
      }
      long next = judged(block, page[Pages.index(nextAt)]);
      if (BlockState.of(next) == BlockState.PARTIAL
          || kind(next) != kind
          || (kind == Kind.STORED && BlockState.place(next) != place + end - offset)) {
        break;
      }
      end = Math.min(geometry.end(block), limit);
    }
    return new Run(kind, end - offset, kind == Kind.STORED ? place : 0);
  }

  /** Up to where on the disk blocks are absent because their entries are a hole of the file. */
  private long endOfHole(long entryAt, long limit) {
    long behind = pages.behindHole(entryAt & -SECTOR);
    long entry = Math.min((behind - bat) / Long.BYTES, geometry.entries());
    return entry < geometry.entries()
        ? Math.min(geometry.start(geometry.blockOfEntry(entry)), limit)
        : limit;
  }

  private static Kind kind(long entry) {
    return switch (BlockState.of(entry)) {
      case NOT_PRESENT -> Kind.ABSENT;
      case UNDEFINED, ZERO, UNMAPPED -> Kind.ZERO;
      case FULL, PARTIAL -> Kind.STORED;
      case RESERVED_4, RESERVED_5 -> throw new IllegalArgumentException("not judged: " + entry);
    };
  }

  private Run sectorRun(long block, long offset, long end, long place) {
    int first = geometry.bit(offset);
    long[] bits = bitmapPage(block, first);
    // The run's last sector, or the last one that this page of the bitmap has.
    int last = Math.min(geometry.bit(end - 1), first | IN_PAGE);
    int from = first & IN_PAGE;
    boolean present = Bits.get(bits, from);
    int next = Bits.next(bits, from, (last & IN_PAGE) + 1, !present);
    long firstSector = offset & -geometry.sectorBytes();
    long runEnd = Math.min(end, firstSector + (long) (next - from) * geometry.sectorBytes());
    return new Run(present ? Kind.STORED : Kind.ABSENT, runEnd - offset, present ? place : 0);
  }

  private long[] bitmapPage(long block, int bit) {
    return pages.page(bitmapPageAt(block, bit));
  }

  /** Where in the file the page lies that has a bit of a block's bitmap, which must be there. */
  long bitmapPageAt(long block, int bit) {
    long bitmap = bitmap(geometry.chunk(block));
    if (bitmap == 0) {
      throw Faults.corrupt(
          file.path(), "Its block " + block + " is present in part, but it is not said which.");
    }
    return bitmap + ((long) (bit >>> PAGE_BITS) << (PAGE_BITS - 3));
  }

  /** Where the bitmap of a chunk lies; 0 if it has none. */
  long bitmap(long chunk) {
    return judgedBitmap(chunk, pages.word(bitmapEntryAt(chunk)));
  }

  /** The place of a bitmap whose entry is {@code entry}; 0 if it has none. */
  long judgedBitmap(long chunk, long entry) {
    BlockState state = BlockState.of(entry);
    if (state == BlockState.NOT_PRESENT) {
      return 0;
    }
    if (state != BlockState.FULL || BlockState.hasReservedBits(entry)) {
      throw Faults.corrupt(file.path(), "The entry of its bitmap " + chunk + " is not valid.");
    }
    checkPlace("bitmap " + chunk, BlockState.place(entry), MIB);
    return BlockState.place(entry);
  }

  /** Whether all sectors of a block are present, by its bitmap. */
  boolean isComplete(long block) {
    int first = geometry.bit(geometry.start(block));
    int end = first + geometry.sectors(geometry.end(block) - geometry.start(block));
    for (int at = first; at < end; at = (at | IN_PAGE) + 1) {
      int pageEnd = Math.min(end, (at | IN_PAGE) + 1);
      int to = ((pageEnd - 1) & IN_PAGE) + 1;
      if (Bits.next(bitmapPage(block, at), at & IN_PAGE, to, false) < to) {
        return false;
      }
    }
    return true;
  }

  /** Where in the file the entry of a block is. */
  long entryAt(long block) {
    return bat + geometry.entry(block) * Long.BYTES;
  }

  long bitmapEntryAt(long chunk) {
    return bat + geometry.bitmapEntry(chunk) * Long.BYTES;
  }

  /** The entry of a block; what it says is as the format has it. */
  long entry(long block) {
    return judged(block, pages.word(entryAt(block)));
  }

  /** {@code entry}, if it can be that of {@code block}. */
  long judged(long block, long entry) {
    if (entry == 0) {
      return entry;
    }
    if (BlockState.hasReservedBits(entry)) {
      throw bad(block);
    }
    return switch (BlockState.of(entry)) {
      case NOT_PRESENT, UNDEFINED, ZERO, UNMAPPED -> entry;
      case RESERVED_4, RESERVED_5 -> throw bad(block);
      case FULL -> stored(block, entry);
      case PARTIAL -> {
        if (!geometry.differencing()) {
          throw bad(block);
        }
        yield stored(block, entry);
      }
    };
  }

  private long stored(long block, long entry) {
    checkPlace(
        "block " + block, BlockState.place(entry), geometry.end(block) - geometry.start(block));
    return entry;
  }

  private void checkPlace(String what, long place, long bytes) {
    if (place < MIB || place > MOST_FILE_BYTES) {
      throw Faults.corrupt(file.path(), "Its " + what + " would lie at byte " + place + ".");
    }
    if (place > file.length() - bytes) {
      throw Faults.truncated(
          file.path(),
          "It ends at byte "
              + file.length()
              + ", within or before its "
              + what
              + " at "
              + place
              + ".");
    }
  }

  private RatoonException bad(long block) {
    return Faults.corrupt(file.path(), "The entry of its block " + block + " is not valid.");
  }
}
