package dev.ratoon.disk.vmdk;

import dev.ratoon.disk.Limits;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import java.util.Arrays;

/**
 * Walks all tables of a file from a stranger, once, before it is used: nothing in the file may
 * serve twice. Otherwise a small file could stand for a huge disk. Compressed grains are left to
 * {@link GrainDecoder}: each says itself where it belongs.
 *
 * <p>The file is cut into units of a grain's size. As grains do not overlap, at most one begins in
 * each unit, so one small number for each tells where; a grain can meet only those that begin in
 * its own unit and the two beside it.
 */
final class GrainAudit {
  private static final long MOST_UNITS = 1L << 26;
  private static final int SECTOR = Limits.SECTOR_BYTES;

  /** A place of tables is one number, so that many are sorted fast: its sector, then its length. */
  private static final int LENGTH_BITS = 24;

  private final ImageFile file;
  private final VmdkHeader header;
  private final GrainMap map;
  private final int grainSectors;
  private final long[] tables;

  private GrainAudit(ImageFile file, VmdkHeader header, GrainMap map) {
    this.file = file;
    this.header = header;
    this.map = map;
    this.grainSectors = header.grainBytes() / SECTOR;
    this.tables = places();
  }

  /** Refuses {@code file} unless its tables are sound. */
  static void check(ImageFile file, VmdkHeader header, GrainMap map) {
    GrainAudit audit = new GrainAudit(file, header, map);
    audit.checkTables();
    if (!header.compressed()) {
      audit.checkGrains();
    }
  }

  /** Header, descriptor, directory and tables, in the order in which they lie in the file. */
  private long[] places() {
    long[] places = new long[3 + map.tables()];
    int count = 0;
    places[count++] = place(0, SECTOR);
    places[count++] = place(header.directoryAt() / SECTOR, (long) map.tables() * Integer.BYTES);
    if (header.descriptorAt() > 0) {
      places[count++] = place(header.descriptorAt() / SECTOR, header.descriptorBytes());
    }
    for (int table = 0; table < map.tables(); table++) {
      if (map.tableAt(table) != 0) {
        places[count++] = place(map.tableAt(table), VmdkHeader.TABLE_BYTES);
      }
    }
    long[] sorted = Arrays.copyOf(places, count);
    Arrays.sort(sorted);
    return sorted;
  }

  private static long place(long sector, long bytes) {
    return sector << LENGTH_BITS | (bytes + SECTOR - 1) / SECTOR;
  }

  private static long start(long place) {
    return place >>> LENGTH_BITS;
  }

  private static long end(long place) {
    return start(place) + (place & ((1L << LENGTH_BITS) - 1));
  }

  private void checkTables() {
    for (int i = 1; i < tables.length; i++) {
      if (end(tables[i - 1]) > start(tables[i])) {
        throw twice("A table", start(tables[i]));
      }
    }
  }

  private void checkGrains() {
    long units = file.length() / header.grainBytes() + 1;
    if (units > MOST_UNITS) {
      throw Faults.unsupported(
          file.path(),
          "Its grains are too small for a file of this size.",
          "Convert it: qemu-img convert -O qcow2 OLD NEW.");
    }
    short[] starts = new short[(int) units];
    for (long at = 0; at < header.capacity(); ) {
      GrainMap.Run run = map.runAt(at, header.capacity());
      if (run.kind() == GrainMap.Kind.PLAIN) {
        long first = run.hostOffset() / SECTOR;
        for (long sector = first; (sector - first) * SECTOR < run.length(); ) {
          use(sector, starts);
          sector += grainSectors;
        }
      }
      at += run.length();
    }
  }

  private void use(long sector, short[] starts) {
    int unit = (int) (sector / grainSectors);
    // One more than where in the unit the grain begins; 0 stands for none.
    int here = (int) (sector % grainSectors) + 1;
    boolean meets =
        starts[unit] != 0
            || (unit > 0 && starts[unit - 1] > here)
            || (unit + 1 < starts.length && starts[unit + 1] != 0 && starts[unit + 1] < here);
    if (meets || meetsTable(sector)) {
      throw twice("A grain", sector);
    }
    starts[unit] = (short) here;
  }

  private boolean meetsTable(long sector) {
    // The first place that begins behind the grain's own beginning.
    int next = -Arrays.binarySearch(tables, (sector + 1) << LENGTH_BITS) - 1;
    return (next < tables.length && start(tables[next]) < sector + grainSectors)
        || (next > 0 && end(tables[next - 1]) > sector);
  }

  private RuntimeException twice(String what, long sector) {
    return Faults.corrupt(
        file.path(), what + " lies where something else does, at byte " + sector * SECTOR + ".");
  }
}
