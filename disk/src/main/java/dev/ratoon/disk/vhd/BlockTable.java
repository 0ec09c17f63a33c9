package dev.ratoon.disk.vhd;

import dev.ratoon.disk.Limits;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * The block allocation table (BAT): for each block of the disk the sector of the file where it
 * begins. Held whole, at most 16 MiB. Entries are judged when they are used, so nothing that this
 * class answers lies outside the file.
 */
final class BlockTable {
  private static final int ABSENT = -1;
  private static final int ENTRIES_PER_SECTOR = Limits.SECTOR_BYTES / Integer.BYTES;
  private static final int READ_ENTRIES = 1 << 16;

  private final ImageFile file;
  private final long offset;
  private final long blockBytes;
  private final int bitmapBytes;

  /** Blocks lie behind this: the headers and the table itself. */
  private final long dataStart;

  private final AtomicIntegerArray sectors;
  private final BitSet dirtySectors = new BitSet();

  private BlockTable(ImageFile file, VhdHeader header, AtomicIntegerArray sectors) {
    this.file = file;
    this.offset = header.tableOffset();
    this.blockBytes = header.blockBytes();
    this.bitmapBytes = SectorBitmap.bytes(header.blockBytes());
    this.dataStart = VhdLayer.HEADERS_END;
    this.sectors = sectors;
  }

  /** The table of a disk of {@code size} bytes, as the file has it. */
  static BlockTable read(ImageFile file, VhdHeader header, long size) {
    int blocks = blocks(file.path(), header, size);
    if (header.tableEntries() < blocks) {
      throw Faults.corrupt(file.path(), "Its table is too small for the size of the disk.");
    }
    long bytes = (long) blocks * Integer.BYTES;
    if (header.tableOffset() < VhdFooter.BYTES) {
      throw Faults.corrupt(
          file.path(), "Its table would lie at byte " + header.tableOffset() + ".");
    }
    if (header.tableOffset() > file.length() - bytes) {
      throw Faults.truncated(
          file.path(),
          "It ends at byte "
              + file.length()
              + ", within or before its table at "
              + header.tableOffset()
              + ".");
    }
    int[] entries = new int[blocks];
    for (int at = 0; at < blocks; at += READ_ENTRIES) {
      int count = Math.min(READ_ENTRIES, blocks - at);
      file.bytes(header.tableOffset() + (long) at * Integer.BYTES, count * Integer.BYTES)
          .asIntBuffer()
          .get(entries, at, count);
    }
    return new BlockTable(file, header, new AtomicIntegerArray(entries));
  }

  /** The table of a new disk, written to the file. */
  static BlockTable create(ImageFile file, VhdHeader header, long size) {
    int[] entries = new int[blocks(file.path(), header, size)];
    Arrays.fill(entries, ABSENT);
    long bytes = bytes(entries.length);
    for (long at = 0; at < bytes; at += READ_ENTRIES) {
      byte[] ones = new byte[(int) Math.min(READ_ENTRIES, bytes - at)];
      Arrays.fill(ones, (byte) ABSENT);
      file.write(header.tableOffset() + at, ByteBuffer.wrap(ones));
    }
    return new BlockTable(file, header, new AtomicIntegerArray(entries));
  }

  /** Bytes of the file that a table takes: whole sectors. */
  static long bytes(long blocks) {
    return (blocks * Integer.BYTES + Limits.SECTOR_BYTES - 1) & -Limits.SECTOR_BYTES;
  }

  private static int blocks(Path file, VhdHeader header, long size) {
    long blocks = (size + header.blockBytes() - 1) / header.blockBytes();
    if (blocks > VhdLayer.MOST_BYTES / VhdLayer.SMALLEST_BLOCK) {
      throw Faults.corrupt(file, "It has more blocks than the format can express.");
    }
    return (int) blocks;
  }

  int blocks() {
    return sectors.length();
  }

  boolean isPresent(int block) {
    return sectors.get(block) != ABSENT;
  }

  /** Where in the file the bitmap of a block that is present begins. */
  long bitmapAt(int block) {
    long at = Integer.toUnsignedLong(sectors.get(block)) * Limits.SECTOR_BYTES;
    if (at < dataStart) {
      throw Faults.corrupt(
          file.path(), "Its block " + block + " would lie at byte " + at + ", in its headers.");
    }
    if (at > file.length() - bitmapBytes - blockBytes) {
      throw Faults.truncated(
          file.path(),
          "It ends at byte "
              + file.length()
              + ", within or before its block "
              + block
              + " at "
              + at
              + ".");
    }
    return at;
  }

  /** Where in the file the data of a block that is present begins. */
  long dataAt(int block) {
    return bitmapAt(block) + bitmapBytes;
  }

  /** Gives a block that was absent its place. */
  void put(int block, long bitmapAt) {
    synchronized (dirtySectors) {
      sectors.set(block, (int) (bitmapAt / Limits.SECTOR_BYTES));
      dirtySectors.set(block / ENTRIES_PER_SECTOR);
    }
  }

  boolean isDirty() {
    synchronized (dirtySectors) {
      return !dirtySectors.isEmpty();
    }
  }

  /** A sector of the table that is to be written, as it was when it was taken. */
  record Change(int sector, ByteBuffer content) {}

  /** Takes what is to be written, as it is now; what changes later stays for the next time. */
  List<Change> takeChanges() {
    synchronized (dirtySectors) {
      List<Change> changes =
          dirtySectors.stream().mapToObj(sector -> new Change(sector, content(sector))).toList();
      dirtySectors.clear();
      return changes;
    }
  }

  private ByteBuffer content(int tableSector) {
    ByteBuffer content = ByteBuffer.allocate(Limits.SECTOR_BYTES);
    int first = tableSector * ENTRIES_PER_SECTOR;
    for (int block = first; block < first + ENTRIES_PER_SECTOR; block++) {
      content.putInt(block < sectors.length() ? sectors.get(block) : ABSENT);
    }
    return content.flip();
  }

  void write(List<Change> changes) {
    changes.forEach(change ->
        file.write(offset + (long) change.sector() * Limits.SECTOR_BYTES, change.content()));
  }

  /** Refuses a table in which two blocks overlap: a small file could else stand for a huge disk. */
  void audit() {
    int[] starts = new int[sectors.length()];
    int present = 0;
    for (int block = 0; block < starts.length; block++) {
      if (isPresent(block)) {
        bitmapAt(block);
        starts[present++] = sectors.get(block) ^ Integer.MIN_VALUE; // unsigned order
      }
    }
    Arrays.sort(starts, 0, present);
    long tableEnd = offset + bytes(sectors.length());
    for (int i = 0; i < present; i++) {
      long at = Integer.toUnsignedLong(starts[i] ^ Integer.MIN_VALUE) * Limits.SECTOR_BYTES;
      long end = at + bitmapBytes + blockBytes;
      long next =
          i + 1 < present
              ? Integer.toUnsignedLong(starts[i + 1] ^ Integer.MIN_VALUE) * Limits.SECTOR_BYTES
              : Long.MAX_VALUE;
      if (end > next || (at < tableEnd && end > offset)) {
        throw Faults.corrupt(
            file.path(), "A block lies where something else does, at byte " + at + ".");
      }
    }
  }
}
