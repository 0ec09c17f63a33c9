package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import java.util.BitSet;

/**
 * Walks the tables of a foreign file once, before anything is read through them. Every entry is
 * judged as {@link Qcow2Map} judges it when it is used; and no place of the file may serve twice,
 * or else a small file could stand for 64 TiB of data, and two places of the guest's disk would
 * change together if anybody wrote to it.
 *
 * <p>Compressed clusters are exempt from the latter: neighbours share a sector, and how long each
 * is only unpacking tells.
 */
final class Qcow2Audit {
  /** One bit for each cluster or subcluster of the file, so at most 128 MiB. */
  private static final long MOST_UNITS = 1L << 30;

  private final ImageFile file;
  private final Qcow2Map map;
  private final Qcow2Header header;
  private final BitSet used = new BitSet();

  private Qcow2Audit(ImageFile file, Qcow2Header header, Qcow2Map map) {
    this.file = file;
    this.header = header;
    this.map = map;
  }

  /** Refuses {@code file} unless its tables are sound. */
  static void check(ImageFile file, Qcow2Header header, Qcow2Map map) {
    of(file, header, map).mapping();
  }

  /** The same; and nothing lies where the reference counts do. */
  static void check(ImageFile file, Qcow2Header header, Qcow2Map map, Refcounts counts) {
    Qcow2Audit audit = of(file, header, map);
    audit.counts(counts);
    audit.mapping();
  }

  private static Qcow2Audit of(ImageFile file, Qcow2Header header, Qcow2Map map) {
    if (file.length() >>> map.grid().unitBits() >= MOST_UNITS) {
      throw Faults.unsupported(
          file.path(),
          "Its clusters are too small for a file of this size.",
          "Convert it: qemu-img convert -O qcow2 OLD NEW.");
    }
    return new Qcow2Audit(file, header, map);
  }

  private void counts(Refcounts counts) {
    long bytes = counts.tableClusters() << header.clusterBits();
    use(counts.tableOffset(), bytes, "Its refcount table");
    for (int block = 0; block < counts.tableEntries(); block++) {
      long offset = counts.blockAt(block);
      if (offset != 0) {
        use(offset, header.clusterBytes(), "A block of reference counts");
      }
    }
  }

  private void mapping() {
    tables();
    data();
  }

  private void tables() {
    use(0, header.clusterBytes(), "Its header");
    use(header.l1Offset(), (long) map.tables() * Long.BYTES, "Its L1 table");
    for (int table = 0; table < map.tables(); table++) {
      long offset = map.tableAt(table);
      if (offset != 0) {
        use(offset, header.clusterBytes(), "An L2 table");
      }
    }
  }

  private void data() {
    for (long at = 0; at < header.size(); ) {
      Qcow2Map.Run run = map.runAt(at, header.size());
      if (run.kind() == L2Entries.Kind.PLAIN) {
        use(run.hostOffset(), run.length(), "The data of byte " + at);
      }
      at += run.length();
    }
  }

  private void use(long offset, long length, String what) {
    if (offset >= file.length()) {
      throw Faults.truncated(
          file.path(), what + " lies at byte " + offset + ", behind the end of the file.");
    }
    int from = (int) (offset >>> map.grid().unitBits());
    int to = (int) (((offset + length - 1) >>> map.grid().unitBits()) + 1);
    int taken = used.nextSetBit(from);
    if (taken >= 0 && taken < to) {
      throw Faults.corrupt(
          file.path(), what + " lies where something else does, at byte " + offset + ".");
    }
    used.set(from, to);
  }
}
