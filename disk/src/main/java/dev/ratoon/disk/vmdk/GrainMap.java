package dev.ratoon.disk.vmdk;

import dev.ratoon.disk.Limits;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Where the file keeps what the guest sees: the grain directory and its tables, as specified in
 * docs/formats/vmdk.md. Entries are judged when they are used, so nothing that this class answers
 * lies outside the file, or in its header.
 *
 * <p>The directory is held whole, of the tables those that were used last.
 */
final class GrainMap {
  private static final int MOST_TABLES = 4 << 20;
  private static final int TABLES_KEPT = 512;
  private static final int SECTOR = Limits.SECTOR_BYTES;

  /** What a stretch of the guest's disk is in this file. */
  enum Kind {
    ABSENT,
    ZERO,
    PLAIN,
    /** One packed grain, or the part of it that was asked for. */
    COMPRESSED
  }

  /**
   * @param length bytes of the guest's disk
   * @param hostOffset PLAIN: where the first byte is; COMPRESSED: where the grain's marker is
   */
  record Run(Kind kind, long length, long hostOffset) {}

  private final ImageFile file;
  private final VmdkHeader header;
  private final int[] directory;
  private final int grainBits;
  private final int tableBits;

  private final Map<Integer, int[]> tables =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Integer, int[]> eldest) {
          return size() > TABLES_KEPT;
        }
      };

  /**
   * @param directoryAt the one of the two directories that is to be used
   */
  GrainMap(ImageFile file, VmdkHeader header, long directoryAt) {
    this.file = file;
    this.header = header;
    this.grainBits = Integer.numberOfTrailingZeros(header.grainBytes());
    this.tableBits = grainBits + Integer.numberOfTrailingZeros(VmdkHeader.TABLE_ENTRIES);
    if (header.tables() > MOST_TABLES) {
      throw Faults.unsupported(
          file.path(),
          "Its grains are too small for a disk of this size.",
          "Convert it: qemu-img convert -O qcow2 OLD NEW.");
    }
    if (header.isMine(directoryAt)) {
      throw Faults.corrupt(file.path(), "Its grain directory would lie in its header.");
    }
    this.directory = entries(directoryAt, (int) header.tables(), "grain directory");
  }

  private int[] entries(long offset, int count, String what) {
    int bytes = count * Integer.BYTES;
    if (offset > file.length() - bytes) {
      throw Faults.truncated(
          file.path(), "It ends at byte " + file.length() + ", before its " + what + " does.");
    }
    int[] entries = new int[count];
    ByteBuffer read = file.bytes(offset, bytes).order(ByteOrder.LITTLE_ENDIAN);
    read.asIntBuffer().get(entries);
    return entries;
  }

  /** How many grain tables the disk can have. */
  int tables() {
    return directory.length;
  }

  /** The sector at which a grain table lies; 0 if it has none. */
  long tableAt(int table) {
    return Integer.toUnsignedLong(directory[table]);
  }

  /** Bytes of the disk that one grain table describes. */
  long tableCovers() {
    return 1L << tableBits;
  }

  /** The longest run of one kind that is found cheaply from {@code offset}, up to a limit. */
  Run runAt(long offset, long limit) {
    int table = (int) (offset >>> tableBits);
    if (directory[table] == 0) {
      int next = table + 1;
      while (next < directory.length
          && directory[next] == 0
          && ((long) next << tableBits) < limit) {
        next++;
      }
      return new Run(Kind.ABSENT, Math.min((long) next << tableBits, limit) - offset, 0);
    }
    long tableStart = (long) table << tableBits;
    return runIn(table(table), tableStart, offset, limit);
  }

  private Run runIn(int[] table, long tableStart, long offset, long limit) {
    int first = (int) ((offset - tableStart) >>> grainBits);
    Kind kind = kindOf(table[first]);
    int grain = first + 1;
    if (kind != Kind.COMPRESSED) {
      while (grain < table.length && follows(kind, table[first], table[grain], grain - first)) {
        grain++;
      }
    }
    long end = Math.min(tableStart + ((long) grain << grainBits), limit);
    return switch (kind) {
      case ABSENT, ZERO -> new Run(kind, end - offset, 0);
      case PLAIN -> plain(table[first], offset, end);
      case COMPRESSED -> new Run(kind, end - offset, place(table[first]));
    };
  }

  /** Whether what is {@code distance} grains on continues the run that {@code first} begins. */
  private boolean follows(Kind kind, int first, int entry, int distance) {
    if (kindOf(entry) != kind) {
      return false;
    }
    long grainSectors = header.grainBytes() / SECTOR;
    return kind != Kind.PLAIN
        || Integer.toUnsignedLong(entry) == Integer.toUnsignedLong(first) + distance * grainSectors;
  }

  private Run plain(int entry, long offset, long end) {
    long host = place(entry) + (offset & (header.grainBytes() - 1));
    if (host > file.length() - (end - offset)) {
      throw Faults.truncated(
          file.path(),
          "It ends at byte " + file.length() + ", within or before data at " + host + ".");
    }
    return new Run(Kind.PLAIN, end - offset, host);
  }

  private Kind kindOf(int entry) {
    return switch (entry) {
      case 0 -> Kind.ABSENT;
      case 1 -> header.zeroedGrains() ? Kind.ZERO : stored();
      default -> stored();
    };
  }

  private Kind stored() {
    return header.compressed() ? Kind.COMPRESSED : Kind.PLAIN;
  }

  private long place(int entry) {
    long host = Integer.toUnsignedLong(entry) * SECTOR;
    if (header.isMine(host)) {
      throw Faults.corrupt(file.path(), "A grain would lie in its header, at byte " + host + ".");
    }
    return host;
  }

  private int[] table(int index) {
    synchronized (tables) {
      int[] known = tables.get(index);
      if (known != null) {
        return known;
      }
    }
    // Read outside the lock: two threads may read the same table, which is harmless.
    int[] read = entries(tableAt(index) * SECTOR, VmdkHeader.TABLE_ENTRIES, "grain table");
    synchronized (tables) {
      tables.put(index, read);
    }
    return read;
  }
}
