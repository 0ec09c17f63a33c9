package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.Finding;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.disk.qcow2.L2Entries.Packed;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * Counts anew how often each cluster of a file is used, and compares that with what the file has
 * recorded. As the counts of a large file do not fit in memory, they are taken for one window of
 * the file after the other, each time by a walk over all tables. See docs/formats/qcow2.md.
 */
final class Qcow2Examination {
  private static final int WINDOW_CLUSTERS = 16 << 20;
  private static final long MOST_CLUSTERS = 1L << 30;
  private static final long BITMAPS = 1;

  private final ImageFile file;
  private final Qcow2Header header;
  private final Qcow2Grid grid;
  private final L2Entries entries;
  private final Pages pages;
  private final RecordedCounts recorded;
  private final Findings findings;
  private final long clusters;

  /** How often each cluster from {@link #windowStart} on is used. */
  private final char[] used;

  private long windowStart;

  private Qcow2Examination(ImageFile file, Qcow2Header header, int window) {
    this.file = file;
    this.header = header;
    this.grid = new Qcow2Grid(header);
    this.entries = new L2Entries(file.path(), header);
    this.pages = new Pages(file, 1 << grid.pageBits(), 1 << 20);
    this.recorded = new RecordedCounts(file, header);
    boolean strangers = header.snapshots() != 0 || (header.autoclear() & BITMAPS) != 0;
    this.findings = new Findings(!strangers);
    this.clusters = grid.clusters(file.length());
    this.used = new char[(int) Math.min(clusters, window)];
  }

  /** All that is wrong with a file whose header and L1 table can be read. */
  static List<Finding> of(ImageFile file, Qcow2Header header) {
    if (new Qcow2Grid(header).clusters(file.length()) > MOST_CLUSTERS) {
      throw Faults.unsupported(
          file.path(),
          "Its clusters are too small for a file of this size.",
          "Convert it: qemu-img convert -O qcow2 OLD NEW.");
    }
    return of(file, header, WINDOW_CLUSTERS);
  }

  /** The same, with a window of another size, which changes nothing but time and memory. */
  static List<Finding> of(ImageFile file, Qcow2Header header, int window) {
    Qcow2Examination examination = new Qcow2Examination(file, header, window);
    examination.run();
    return examination.findings.all();
  }

  private void run() {
    if (!recorded.readable(header)) {
      findings.error("There is no refcount table where the header says.");
      return;
    }
    for (windowStart = 0; windowStart < clusters; windowStart += used.length) {
      Arrays.fill(used, (char) 0);
      walk();
      compare();
    }
  }

  /** Whether this is the walk on which what is wrong with entries is said. */
  private boolean first() {
    return windowStart == 0;
  }

  private void error(String what) {
    if (first()) {
      findings.error(what);
    }
  }

  private void walk() {
    use(0, grid.clusterBytes(), "The header");
    long tableBytes = header.counts().tableClusters() << grid.clusterBits();
    use(header.counts().tableOffset(), tableBytes, "The refcount table");
    for (int block = 0; block < recorded.blocks(); block++) {
      long offset = recorded.blockAt(block);
      if (recorded.validBlock(offset)) {
        use(offset, grid.clusterBytes(), "A block of reference counts");
      } else if (offset != 0) {
        error("A block of reference counts would lie at byte " + offset + ".");
      }
    }
    if (header.l1Entries() > Qcow2Map.MAX_L1_ENTRIES) {
      error("The L1 table is larger than it may be.");
    } else {
      use(header.l1Offset(), header.l1Entries() * Long.BYTES, "The L1 table");
      walkL1();
    }
  }

  private void walkL1() {
    BitSet walked = new BitSet();
    int step = 1 << grid.pageBits();
    long end = header.l1Offset() + header.l1Entries() * Long.BYTES;
    for (long at = header.l1Offset(); at < end; at += step) {
      int bytes = (int) Math.min(step, end - at);
      if (at > file.length() - bytes) {
        error("The L1 table ends behind the end of the file.");
        return;
      }
      Page part = new Page(at, file.bytes(at, bytes));
      for (int i = 0; i < part.words(); i++) {
        walkL1Entry(part.word(i), walked);
      }
    }
  }

  private void walkL1Entry(long entry, BitSet walked) {
    long table = entry & L2Entries.OFFSET;
    if ((entry & ~(L2Entries.OFFSET | L2Entries.COPIED)) != 0
        || (table & Qcow2Grid.mask(grid.clusterBits())) != 0) {
      error("An entry of the L1 table is not valid.");
    } else if (table != 0) {
      use(table, grid.clusterBytes(), "An L2 table");
      checkCopied(entry, table, "The L2 table");
      long cluster = table >>> grid.clusterBits();
      // One that was walked before is used twice, which the counts show.
      if (cluster < clusters && !walked.get((int) cluster)) {
        walked.set((int) cluster);
        walkL2(table);
      }
    }
  }

  private void walkL2(long table) {
    int step = 1 << grid.pageBits();
    try {
      for (int at = 0; at < grid.clusterBytes(); at += step) {
        Page page = pages.at(table + at);
        for (int index = 0; index <= grid.lastEntryIndex(); index++) {
          walkL2Entry(page, index);
        }
      }
    } catch (RatoonException e) {
      errorUnlessTheHosts(e);
    }
  }

  private void walkL2Entry(Page page, int index) {
    long word = entries.word(page, index);
    if (word == 0 && entries.bitmap(page, index) == 0) {
      return;
    }
    try {
      entries.check(page, index);
    } catch (RatoonException e) {
      errorUnlessTheHosts(e);
      return;
    }
    if ((word & L2Entries.COMPRESSED) != 0) {
      Packed packed = entries.packed(word);
      long start = packed.offset() & -Limits.SECTOR_BYTES;
      use(start, packed.offset() + packed.bytes() - start, "A compressed cluster");
    } else if (entries.host(page, index) != 0) {
      use(entries.host(page, index), grid.clusterBytes(), "A cluster of data");
      checkCopied(word, entries.host(page, index), "The cluster of data");
    }
  }

  private void errorUnlessTheHosts(RatoonException e) {
    ErrorCode code = e.problem().code();
    if (code != ErrorCode.IMAGE_CORRUPT && code != ErrorCode.IMAGE_TRUNCATED) {
      throw e;
    }
    error(e.problem().detail());
  }

  private void checkCopied(long entry, long offset, String what) {
    if (first()) {
      boolean once = recorded.of(offset >>> grid.clusterBits()) == 1;
      if (once != ((entry & L2Entries.COPIED) != 0)) {
        error(what + " at byte " + offset + " is wrongly said to be counted once, or not to be.");
      }
    }
  }

  private void use(long offset, long bytes, String what) {
    if (bytes > 0 && offset + bytes - file.length() >= grid.clusterBytes()) {
      error(what + " at byte " + offset + " lies behind the end of the file.");
    }
    long from = Math.max(offset >>> grid.clusterBits(), windowStart);
    long to =
        Math.min(grid.clusters(offset + bytes), Math.min(windowStart + used.length, clusters));
    for (long cluster = from; cluster < to; cluster++) {
      int index = (int) (cluster - windowStart);
      used[index] = (char) Math.min(used[index] + 1, Character.MAX_VALUE);
    }
  }

  private void compare() {
    long end = Math.min(windowStart + used.length, clusters);
    long at = windowStart;
    while (at < end) {
      int difference = difference(at);
      long from = at;
      do {
        at++;
      } while (at < end && difference(at) == difference);
      if (difference != 0) {
        report(from << grid.clusterBits(), at << grid.clusterBits(), difference);
      }
    }
  }

  /** Less than 0 if a cluster is counted more often than used, more if less often. */
  private int difference(long cluster) {
    return Long.compareUnsigned(used[(int) (cluster - windowStart)], recorded.of(cluster));
  }

  private void report(long from, long to, int difference) {
    String place = "Bytes " + from + " to " + (to - 1) + " of the file are ";
    if (difference < 0) {
      findings.leak(place + "counted as used more often than they are.");
    } else {
      findings.error(place + "used more often than they are counted.");
    }
  }
}
