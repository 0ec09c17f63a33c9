package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import java.util.List;

/**
 * The tables of a file that is written to: changed in memory, and brought to the file in an order
 * that a kill or a power loss may end at any point (docs/formats/qcow2.md, "Order"). Whoever
 * changes an entry has written the data that it refers to. For one thread at a time.
 */
final class OrderedTables {
  private final ImageFile file;
  private final Qcow2Map map;
  private final Qcow2Grid grid;
  private final L2Entries entries;
  private final Refcounts counts;
  private final HostSpace space;

  /** Whether tables in memory or in the file may be half changed, and are not to be written. */
  private boolean broken;

  OrderedTables(ImageFile file, Qcow2Map map, Refcounts counts) {
    this.file = file;
    this.map = map;
    this.grid = map.grid();
    this.entries = map.entries();
    this.counts = counts;
    this.space = new HostSpace(file, grid, counts);
  }

  /** A place for {@code clusters} clusters. */
  long allocate(int clusters) {
    return changing(() -> space.allocate(clusters));
  }

  /** A place for packed clusters of these bytes, one behind the other. */
  long allocatePacked(List<Integer> lengths) {
    return changing(() -> space.allocatePacked(lengths));
  }

  /** The page for a place of the guest's disk, in a table that is new if there was none. */
  Page pageToWrite(long offset) {
    int table = map.table(offset);
    long place = map.tableAt(table);
    if (place == 0) {
      long made = changing(space::allocateTable);
      map.l1().setWord(table, made | L2Entries.COPIED);
    } else if ((map.l1().word(table) & L2Entries.COPIED) == 0) {
      requireUnshared(place);
    }
    return map.page(offset);
  }

  /** Where a cluster can be written in place; 0 if it has no place, or is compressed. */
  long usablePlace(Page page, int index) {
    entries.kind(page, index, 0);
    long host = entries.host(page, index);
    if (host != 0 && (entries.word(page, index) & L2Entries.COPIED) == 0) {
      requireUnshared(host);
    }
    return host;
  }

  private void requireUnshared(long host) {
    int count = counts.of(host >>> grid.clusterBits());
    if (count != 1) {
      throw Faults.corrupt(
          file.path(),
          "The cluster at byte " + host + " is used once, but counted " + count + " times.");
    }
  }

  /** Changes an entry; what was packed there gives its place back. */
  void set(Page page, int index, long word, long bitmap) {
    long before = entries.word(page, index);
    if ((before & L2Entries.COMPRESSED) != 0) {
      space.giveBack(entries.packed(before));
    }
    entries.set(page, index, word, bitmap);
    map.pages().changed(page);
  }

  /** Brings everything to the file if there is much of it in memory. */
  void makeRoom() {
    if (map.pages().crowded() || space.crowded()) {
      bringToFile(true);
    }
  }

  /** When this returns, all that was changed before survives a power loss. */
  void flush() {
    bringToFile(true);
  }

  /**
   * Brings everything to the file, unless something failed before.
   *
   * @param durably whether what the file had before must survive a power loss right after
   */
  void finish(boolean durably) {
    boolean changed = space.changed() || map.pages().anyChanged() || map.l1().changed();
    if (changed && !broken) {
      bringToFile(durably);
    }
  }

  private void bringToFile(boolean durably) {
    changing(() -> {
      counts.writeBlocks();
      force(durably);
      if (counts.writeTable()) {
        force(durably);
      }
      boolean changed = map.pages().anyChanged() || map.l1().changed();
      map.pages().writeBack();
      map.l1().writeTo(file);
      if (changed) {
        force(durably);
      }
      space.settle();
      counts.writeBlocks();
      return 0L;
    });
  }

  private void force(boolean durably) {
    if (durably) {
      file.force();
    }
  }

  private interface Change {
    long make();
  }

  /** Makes a change of which a part alone would be wrong. */
  private long changing(Change change) {
    if (broken) {
      throw Faults.afterFailure(file.path());
    }
    broken = true;
    long result = change.make();
    broken = false;
    return result;
  }
}
