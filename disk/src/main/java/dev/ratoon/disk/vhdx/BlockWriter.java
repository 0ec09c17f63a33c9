package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.Structures.MIB;

import dev.ratoon.disk.WritableLayer.Below;
import dev.ratoon.disk.file.ImageFile;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Writes within blocks, and brings them from one state to another: the table in
 * docs/formats/vhdx.md, "Changes after that".
 *
 * <p>Several threads write at once, each to another part of the disk. A block gets its place under
 * the lock; what it holds is written outside of it. Two rules keep a crash from showing anybody
 * what was not there before:
 *
 * <ul>
 *   <li>An entry or a bit that says that something is in the file is changed after that has been
 *       written. An entry may come first only where it says nothing new: a block of zeros in a
 *       place of zeros, a block that is partially present without any sector.
 *   <li>Of what is changed together, that which is of no effect without the other comes first: bits
 *       before the entry of their block. Readers and {@link Saving} may look in between.
 * </ul>
 */
final class BlockWriter {
  private static final int MOST_KEPT = 1 << 16;
  private static final int ZEROS_AT_ONCE = 1 << 16;

  private final ImageFile file;
  private final BlockGeometry geometry;
  private final boolean fixed;
  private final Pages pages;
  private final BlockMap map;
  private final Space space;
  private final Runnable beforeChange;

  /**
   * Where blocks lay that were made zero since the file was opened. Nobody else gets these places,
   * so it does not matter whether the disk still has the old entry.
   */
  private final Map<Long, Long> kept = new HashMap<>();

  /** Changes the file from {@code place} on: what is written to a part of a block. */
  private interface Change {
    void at(long place);
  }

  /**
   * @param beforeChange is run before anything in the file is changed
   */
  BlockWriter(VhdxParts parts, Space space, Runnable beforeChange) {
    this.file = parts.file().stored();
    this.geometry = parts.geometry();
    this.fixed = parts.metadata().fixed();
    this.pages = parts.pages();
    this.map = parts.map();
    this.space = space;
    this.beforeChange = beforeChange;
  }

  /** Writes {@code source}, which lies within one block. */
  void write(long offset, ByteBuffer source, Below below) {
    beforeChange.run();
    change(offset, source.remaining(), below, place -> file.write(place, source));
  }

  /** Makes zero what lies within one block. */
  void zero(long offset, long length, Below below) {
    long block = geometry.blockAt(offset);
    if (readsAsZeros(map.entry(block))) {
      return;
    }
    beforeChange.run();
    if (isWhole(block, offset, length) && !fixed) {
      makeZero(block);
    } else {
      change(offset, length, below, place -> writeZeros(place, length));
    }
  }

  private void change(long offset, long length, Below below, Change change) {
    long block = geometry.blockAt(offset);
    if (!mayBeAbsent(map.entry(block))) {
      change.at(storedPlace(block) + offset - geometry.start(block));
    } else if (isWhole(block, offset, length)) {
      long place = placeOfWhole(block);
      change.at(place);
      setEntry(block, BlockState.FULL.entry(place));
    } else {
      changeSectors(block, offset, length, below, change);
    }
  }

  private boolean isWhole(long block, long offset, long length) {
    return offset == geometry.start(block) && offset + length == geometry.end(block);
  }

  /** Whether some of a block's sectors may be the parent's. */
  private boolean mayBeAbsent(long entry) {
    return geometry.differencing()
        && switch (BlockState.of(entry)) {
          case NOT_PRESENT, PARTIAL -> true;
          case UNDEFINED, ZERO, UNMAPPED, FULL, RESERVED_4, RESERVED_5 -> false;
        };
  }

  private boolean readsAsZeros(long entry) {
    return switch (BlockState.of(entry)) {
      case NOT_PRESENT -> !geometry.differencing();
      case UNDEFINED, ZERO, UNMAPPED -> true;
      case FULL, PARTIAL, RESERVED_4, RESERVED_5 -> false;
    };
  }

  /** Where a block lies that is fully present, or becomes so as a block of zeros. */
  private long storedPlace(long block) {
    long entry = map.entry(block);
    if (BlockState.of(entry) == BlockState.FULL) {
      return BlockState.place(entry);
    }
    synchronized (this) {
      long now = map.entry(block);
      if (BlockState.of(now) == BlockState.FULL) {
        return BlockState.place(now);
      }
      long place = zeroedPlace(block);
      setEntry(block, BlockState.FULL.entry(place));
      return place;
    }
  }

  private long zeroedPlace(long block) {
    Space.Place place =
        Optional.ofNullable(kept.remove(block))
            .map(old -> new Space.Place(old, false))
            .orElseGet(() -> space.take(geometry.blockBytes()));
    if (!place.fresh()) {
      writeZeros(place.bytes(), geometry.blockBytes());
    }
    return place.bytes();
  }

  /** Where a block can be written whole; nobody else writes to it meanwhile. */
  private synchronized long placeOfWhole(long block) {
    long entry = map.entry(block);
    return BlockState.of(entry) == BlockState.PARTIAL
        ? BlockState.place(entry)
        : space.take(geometry.blockBytes()).bytes();
  }

  private synchronized void makeZero(long block) {
    long entry = map.entry(block);
    long place = BlockState.place(entry);
    setEntry(block, BlockState.ZERO.entry(0));
    if (BlockState.of(entry) != BlockState.NOT_PRESENT && kept.size() < MOST_KEPT) {
      kept.put(block, place);
    }
  }

  /** Changes a part of a block of which sectors may be missing. */
  private void changeSectors(long block, long offset, long length, Below below, Change change) {
    long end = offset + length;
    long place;
    synchronized (this) {
      place = partialPlace(block);
      complete(block, place, offset, below);
      complete(block, place, end, below);
    }
    change.at(place + offset - geometry.start(block));
    synchronized (this) {
      if (BlockState.of(map.entry(block)) == BlockState.PARTIAL) {
        setBits(block, geometry.bit(offset), geometry.bit(end - 1) + 1, true);
        if (map.isComplete(block)) {
          setEntry(block, BlockState.FULL.entry(place));
        }
      }
    }
  }

  /** Where a block lies that has any of its sectors; makes it one that has none if it must. */
  private long partialPlace(long block) {
    long entry = map.entry(block);
    if (!mayBeAbsent(entry)) {
      return storedPlace(block);
    }
    if (BlockState.of(entry) == BlockState.PARTIAL) {
      return BlockState.place(entry);
    }
    ensureBitmap(geometry.chunk(block));
    int first = geometry.bit(geometry.start(block));
    int sectors = geometry.sectors(geometry.end(block) - geometry.start(block));
    setBits(block, first, first + sectors, false);
    long place = space.take(geometry.blockBytes()).bytes();
    setEntry(block, BlockState.PARTIAL.entry(place));
    return place;
  }

  private void ensureBitmap(long chunk) {
    if (map.bitmap(chunk) == 0) {
      Space.Place place = space.take(MIB);
      if (!place.fresh()) {
        writeZeros(place.bytes(), MIB);
      }
      pages.changeWord(map.bitmapEntryAt(chunk), BlockState.FULL.entry(place.bytes()));
    }
  }

  /**
   * If {@code boundary} lies within a sector that is missing, takes that from the parent: a part of
   * it is about to be written.
   */
  private void complete(long block, long place, long boundary, Below below) {
    long sector = boundary & -geometry.sectorBytes();
    if (sector == boundary
        || BlockState.of(map.entry(block)) != BlockState.PARTIAL
        || map.runAt(sector, sector + 1).kind() != BlockMap.Kind.ABSENT) {
      return;
    }
    ByteBuffer content = ByteBuffer.allocate(geometry.sectorBytes());
    below.read(sector, content);
    file.write(place + sector - geometry.start(block), content.flip());
    setBits(block, geometry.bit(sector), geometry.bit(sector) + 1, true);
  }

  private void setEntry(long block, long entry) {
    pages.changeWord(map.entryAt(block), entry);
  }

  /** Sets bits of a chunk's bitmap, those alone that are not so yet. */
  private void setBits(long block, int from, int to, boolean value) {
    for (int at = from; at < to; ) {
      int pageEnd = Math.min(to, (at / BlockMap.PAGE_SECTORS + 1) * BlockMap.PAGE_SECTORS);
      int first = at % BlockMap.PAGE_SECTORS;
      int end = first + pageEnd - at;
      long page = map.bitmapPageAt(block, at);
      if (Bits.next(pages.page(page), first, end, !value) < end) {
        pages.change(page, words -> Bits.fill(words, first, end, value));
      }
      at = pageEnd;
    }
  }

  /** Makes a part of the file zero; what is a hole is left as one. */
  private void writeZeros(long place, long length) {
    ByteBuffer zeros = ByteBuffer.allocate((int) Math.min(length, ZEROS_AT_ONCE));
    long end = place + length;
    long at = file.nextData(place);
    while (at < end) {
      long stop = Math.min(Math.min(file.nextHole(at), at + ZEROS_AT_ONCE), end);
      file.write(at, zeros.clear().limit((int) (Math.max(stop, at + 1) - at)));
      at = file.nextData(Math.max(stop, at + 1));
    }
  }
}
