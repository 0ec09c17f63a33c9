package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import java.nio.ByteBuffer;

/**
 * How often each cluster of the file is used. Changes are made in memory; {@link #writeBlocks} and
 * {@link #writeTable} bring them to the file, the counts before the table that leads to them. For
 * one thread at a time.
 */
final class Refcounts {
  private static final int MOST_TABLE_BYTES = 8 << 20;
  private static final int MOST_PAGE_BYTES = 8 << 20;

  private final ImageFile file;
  private final Qcow2Grid grid;
  private final Pages pages;
  private Page table;

  /** Whether the header still names another table. */
  private boolean moved;

  private Refcounts(ImageFile file, Qcow2Grid grid, Page table) {
    this.file = file;
    this.grid = grid;
    this.pages = new Pages(file, 1 << grid.pageBits(), MOST_PAGE_BYTES);
    this.table = table;
  }

  /** Those of a file whose counts have 16 bits. */
  static Refcounts open(ImageFile file, Qcow2Header header) {
    Qcow2Grid grid = new Qcow2Grid(header);
    long offset = header.counts().tableOffset();
    long clusters = header.counts().tableClusters();
    if (offset <= 0
        || (offset & Qcow2Grid.mask(grid.clusterBits())) != 0
        || clusters < 1
        || clusters > MOST_TABLE_BYTES >> grid.clusterBits()) {
      throw Faults.corrupt(
          file.path(),
          "Its refcount table would have " + clusters + " clusters at " + offset + ".");
    }
    int bytes = (int) clusters << grid.clusterBits();
    if (offset > file.length() - bytes) {
      throw Faults.truncated(
          file.path(),
          "It ends at byte " + file.length() + ", before its refcount table at " + offset + ".");
    }
    return new Refcounts(file, grid, new Page(offset, file.bytes(offset, bytes)));
  }

  /** Which block has the count of a cluster. */
  long block(long cluster) {
    return cluster >>> (grid.clusterBits() - 1);
  }

  /** How many blocks the table has room for. */
  int tableEntries() {
    return table.words();
  }

  long tableOffset() {
    return table.offset();
  }

  long tableClusters() {
    return ((long) table.words() * Long.BYTES) >>> grid.clusterBits();
  }

  /** Where a block lies; 0 if there is none, so that all its counts are 0. */
  long blockAt(long block) {
    if (block >= table.words()) {
      return 0;
    }
    long offset = table.word((int) block);
    if ((offset & Qcow2Grid.mask(grid.clusterBits())) != 0 || offset < 0) {
      throw Faults.corrupt(
          file.path(), "A block of reference counts would lie at byte " + offset + ".");
    }
    return offset;
  }

  /** Takes in a block of zeros that was written at {@code offset}. */
  void addBlock(long block, long offset) {
    table.setWord((int) block, offset);
  }

  /** How many clusters the table should have if it is to have room for {@code block}. */
  int clustersForBlock(long block) {
    long wanted = Math.max(2 * tableClusters(), grid.clusters((block + 1) * Long.BYTES));
    long most = MOST_TABLE_BYTES >> grid.clusterBits();
    if (grid.clusters((block + 1) * Long.BYTES) > most) {
      throw Faults.unsupported(
          file.path(),
          "Its clusters are too small for a file of this size.",
          "Convert it to one with larger clusters.");
    }
    return (int) Math.min(wanted, most);
  }

  /** From now on the table lies at {@code offset}, a place of {@code clusters} clusters. */
  void moveTable(long offset, int clusters) {
    table = table.moved(offset, clusters << grid.clusterBits());
    moved = true;
  }

  int of(long cluster) {
    long at = blockAt(block(cluster));
    return at == 0 ? 0 : page(at, cluster).count(indexInPage(cluster));
  }

  /** Sets the count of a cluster whose block exists. */
  void set(long cluster, int count) {
    Page page = page(blockAt(block(cluster)), cluster);
    page.setCount(indexInPage(cluster), count);
    pages.changed(page);
  }

  private Page page(long blockOffset, long cluster) {
    long inBlock = cluster & Qcow2Grid.mask(grid.clusterBits() - 1);
    return pages.at(blockOffset + (inBlock * Short.BYTES & ~Qcow2Grid.mask(grid.pageBits())));
  }

  private int indexInPage(long cluster) {
    return (int) (cluster & Qcow2Grid.mask(grid.pageBits() - 1));
  }

  /** Whether anything was changed and is yet to be written. */
  boolean changed() {
    return moved || table.changed() || pages.anyChanged();
  }

  /** Whether it is time to write back. */
  boolean crowded() {
    return pages.crowded();
  }

  /** Writes the counts, and a table that was moved, which nothing refers to yet. */
  void writeBlocks() {
    pages.writeBack();
    if (moved) {
      table.writeTo(file);
    }
  }

  /** Lets the file refer to what is new; false if nothing is. */
  boolean writeTable() {
    if (moved) {
      ByteBuffer place = ByteBuffer.allocate(Long.BYTES + Integer.BYTES);
      place.putLong(table.offset()).putInt((int) tableClusters());
      file.write(Qcow2HeaderReader.COUNTS_AT, place.flip());
      moved = false;
      return true;
    }
    boolean changed = table.changed();
    table.writeTo(file);
    return changed;
  }
}
