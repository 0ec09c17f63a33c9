package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.disk.qcow2.L2Entries.Kind;
import dev.ratoon.disk.qcow2.L2Entries.Packed;

/**
 * Where the file keeps what the guest sees: the L1 and L2 tables, as specified in
 * docs/formats/qcow2.md. Tables are judged entry by entry when they are used, so nothing that this
 * class answers lies outside the file or at a place that the format forbids.
 *
 * <p>L1 is held whole; L2 tables in pages of at most 64 KiB, of which the least recently used go.
 */
final class Qcow2Map {
  static final int MAX_L1_ENTRIES = 4 << 20;

  private static final int MOST_PAGE_BYTES = 32 << 20;

  /**
   * @param length bytes of the guest's disk
   * @param hostOffset PLAIN: where the first byte is; COMPRESSED: where the packed cluster begins
   * @param packedBytes COMPRESSED: the most bytes that the packed cluster can have
   */
  record Run(Kind kind, long length, long hostOffset, int packedBytes) {}

  /** Who answers where things are. */
  @FunctionalInterface
  interface Runs {
    /** As {@link Qcow2Map#runAt}. */
    Run runAt(long offset, long limit);
  }

  private final ImageFile file;
  private final long size;
  private final Qcow2Grid grid;
  private final L2Entries entries;
  private final Page l1;
  private final Pages pages;

  Qcow2Map(ImageFile file, Qcow2Header header) {
    this.file = file;
    this.size = header.size();
    this.grid = new Qcow2Grid(header);
    this.entries = new L2Entries(file.path(), header);
    this.pages = new Pages(file, 1 << grid.pageBits(), MOST_PAGE_BYTES);
    this.l1 = readL1(header);
  }

  private Page readL1(Qcow2Header header) {
    long needed = ((size - 1) >>> grid.tableCoverBits()) + 1;
    if (header.l1Entries() < needed) {
      throw Faults.corrupt(file.path(), "Its L1 table is too small for the size of the disk.");
    }
    if (needed > MAX_L1_ENTRIES) {
      throw Faults.unsupported(
          file.path(),
          "Its clusters are too small for a disk of this size.",
          "Convert it: qemu-img convert -O qcow2 OLD NEW.");
    }
    long offset = header.l1Offset();
    checkTable(offset, "L1 table");
    int bytes = (int) needed * Long.BYTES;
    if (offset > file.length() - bytes) {
      throw Faults.truncated(
          file.path(),
          "It ends at byte " + file.length() + ", before its table at " + offset + ".");
    }
    Page table = new Page(offset, file.bytes(offset, bytes));
    for (int i = 0; i < needed; i++) {
      long entry = table.word(i);
      if ((entry & ~(L2Entries.OFFSET | L2Entries.COPIED)) != 0) {
        throw Faults.corrupt(file.path(), "An entry of its L1 table has reserved bits set.");
      }
      if ((entry & L2Entries.OFFSET) != 0) {
        checkTable(entry & L2Entries.OFFSET, "L2 table");
      }
    }
    return table;
  }

  private void checkTable(long offset, String what) {
    if (offset <= 0 || (offset & Qcow2Grid.mask(grid.clusterBits())) != 0) {
      throw Faults.corrupt(file.path(), "An " + what + " would lie at byte " + offset + ".");
    }
  }

  Qcow2Grid grid() {
    return grid;
  }

  L2Entries entries() {
    return entries;
  }

  Page l1() {
    return l1;
  }

  /** The pages of the L2 tables. */
  Pages pages() {
    return pages;
  }

  /** Which L1 entry is for a place of the guest's disk. */
  int table(long offset) {
    return (int) (offset >>> grid.tableCoverBits());
  }

  /** How many L2 tables the disk can have. */
  int tables() {
    return l1.words();
  }

  /** Where an L2 table lies in the file; 0 if there is none. */
  long tableAt(int table) {
    return l1.word(table) & L2Entries.OFFSET;
  }

  /** The page with the entry for a place of the guest's disk whose L2 table exists. */
  Page page(long offset) {
    long pagesBefore = (offset & Qcow2Grid.mask(grid.tableCoverBits())) >>> grid.pageCoverBits();
    return pages.at(tableAt(table(offset)) + (pagesBefore << grid.pageBits()));
  }

  /**
   * The longest run of one kind that is found cheaply from {@code offset} on, up to {@code limit}.
   */
  Run runAt(long offset, long limit) {
    int table = table(offset);
    if (tableAt(table) == 0) {
      int next = table + 1;
      while (next < tables()
          && tableAt(next) == 0
          && ((long) next << grid.tableCoverBits()) < limit) {
        next++;
      }
      long end = Math.min((long) next << grid.tableCoverBits(), limit);
      return new Run(Kind.ABSENT, end - offset, 0, 0);
    }
    return runIn(page(offset), offset, limit);
  }

  private Run runIn(Page page, long offset, long limit) {
    Kind kind = kindAt(page, offset);
    if (kind == Kind.COMPRESSED) {
      long end = Math.min(grid.clusterEnd(offset), limit);
      return packed(entries.word(page, grid.entryIndex(offset)), end - offset);
    }
    long start = grid.unitStart(offset);
    long host = kind == Kind.PLAIN ? hostAt(page, start) : 0;
    long pageEnd = Math.min(grid.pageEnd(offset), limit);
    long end = grid.unitEnd(offset);
    while (end < pageEnd
        && kindAt(page, end) == kind
        && (kind != Kind.PLAIN || hostAt(page, end) == host + end - start)) {
      end += 1L << grid.unitBits();
    }
    long length = Math.min(end, pageEnd) - offset;
    return kind == Kind.PLAIN ? plain(host + offset - start, length) : new Run(kind, length, 0, 0);
  }

  private Run plain(long host, long length) {
    if (host > file.length() - length) {
      throw Faults.truncated(
          file.path(),
          "It ends at byte " + file.length() + ", within or before data at " + host + ".");
    }
    return new Run(Kind.PLAIN, length, host, 0);
  }

  private Run packed(long word, long length) {
    Packed packed = entries.packed(word);
    if (packed.offset() >= file.length()) {
      throw Faults.truncated(
          file.path(),
          "It ends at byte " + file.length() + ", before data at " + packed.offset() + ".");
    }
    // The last sector is counted whole, though the file may end within it.
    long bytes = Math.min(packed.bytes(), file.length() - packed.offset());
    return new Run(Kind.COMPRESSED, length, packed.offset(), (int) bytes);
  }

  private Kind kindAt(Page page, long offset) {
    return entries.kind(page, grid.entryIndex(offset), grid.subcluster(offset));
  }

  /** Where a unit begins in the file. */
  private long hostAt(Page page, long unitStart) {
    return entries.host(page, grid.entryIndex(unitStart))
        + (unitStart & Qcow2Grid.mask(grid.clusterBits()));
  }
}
