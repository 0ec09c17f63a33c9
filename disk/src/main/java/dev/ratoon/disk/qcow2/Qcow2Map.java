package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.Limits;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Where the file keeps what the guest sees: the L1 and L2 tables, as specified in
 * docs/formats/qcow2.md. Tables are judged entry by entry when they are used, so nothing that this
 * class answers lies outside the file or at a place that the format forbids.
 *
 * <p>L1 is held whole; L2 tables in slices of at most 64 KiB, of which the least recently used go.
 */
final class Qcow2Map {
  static final int MAX_L1_ENTRIES = 4 << 20;

  private static final int MAX_SLICE_BITS = 16;
  private static final int MAX_SLICES = 512;
  private static final int SUBCLUSTER_BITS = 5;

  private static final int COMPRESSED_FLAGS_AT = 62;
  private static final long OFFSET = 0x00ff_ffff_ffff_fe00L;
  private static final long COPIED = 1L << 63;
  private static final long COMPRESSED = 1L << 62;
  private static final long ALL_ZERO = 1;

  /** What a stretch of the guest's disk is in this file. */
  enum Kind {
    /** Not in this file: the parent's. */
    ABSENT,
    ZERO,
    PLAIN,
    /** One packed cluster, or the part of it that was asked for. */
    COMPRESSED
  }

  /**
   * @param length bytes of the guest's disk
   * @param hostOffset PLAIN: where the first byte is; COMPRESSED: where the packed cluster begins
   * @param packedBytes COMPRESSED: the most bytes that the packed cluster can have
   */
  record Run(Kind kind, long length, long hostOffset, int packedBytes) {}

  private final ImageFile file;
  private final long size;
  private final int version;
  private final int clusterBits;
  private final boolean extended;

  private final int unitBits;

  /** log2 of the bytes of the guest's disk that one slice, and one L2 table, describes. */
  private final int sliceCoverBits;

  private final int tableCoverBits;
  private final int sliceBytes;
  private final long[] l1;

  private final Map<Long, long[]> slices =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, long[]> eldest) {
          return size() > MAX_SLICES;
        }
      };

  Qcow2Map(ImageFile file, Qcow2Header header) {
    this.file = file;
    this.size = header.size();
    this.version = header.version();
    this.clusterBits = header.clusterBits();
    this.extended = header.extendedL2();
    this.unitBits = extended ? clusterBits - SUBCLUSTER_BITS : clusterBits;
    int entryBits = extended ? 4 : 3;
    int sliceBits = Math.min(clusterBits, MAX_SLICE_BITS);
    this.sliceBytes = 1 << sliceBits;
    this.sliceCoverBits = clusterBits + sliceBits - entryBits;
    this.tableCoverBits = clusterBits + clusterBits - entryBits;
    this.l1 = readL1(header);
  }

  private long[] readL1(Qcow2Header header) {
    long needed = ((size - 1) >>> tableCoverBits) + 1;
    if (header.l1Entries() < needed) {
      throw Faults.corrupt(file.path(), "Its L1 table is too small for the size of the disk.");
    }
    if (needed > MAX_L1_ENTRIES) {
      throw Faults.unsupported(
          file.path(),
          "Its clusters are too small for a disk of this size.",
          "Convert it: qemu-img convert -O qcow2 OLD NEW.");
    }
    checkTable(header.l1Offset(), "L1 table");
    long[] entries = words(header.l1Offset(), (int) needed * Long.BYTES);
    for (long entry : entries) {
      if ((entry & ~(OFFSET | COPIED)) != 0) {
        throw Faults.corrupt(file.path(), "An entry of its L1 table has reserved bits set.");
      }
      if ((entry & OFFSET) != 0) {
        checkTable(entry & OFFSET, "L2 table");
      }
    }
    return entries;
  }

  private void checkTable(long offset, String what) {
    if (offset <= 0 || (offset & ((1L << clusterBits) - 1)) != 0) {
      throw Faults.corrupt(file.path(), "An " + what + " would lie at byte " + offset + ".");
    }
  }

  private long[] words(long offset, int bytes) {
    if (offset > file.length() - bytes) {
      throw Faults.truncated(
          file.path(),
          "It ends at byte " + file.length() + ", before its table at " + offset + ".");
    }
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    file.read(offset, buffer);
    LongBuffer source = buffer.flip().asLongBuffer();
    long[] words = new long[source.remaining()];
    source.get(words);
    return words;
  }

  /** log2 of the bytes of what is allocated as one: a cluster, or a subcluster. */
  int unitBits() {
    return unitBits;
  }

  /** How many L2 tables the disk can have. */
  int tables() {
    return l1.length;
  }

  /** Where an L2 table lies in the file; 0 if it has none. */
  long tableAt(int table) {
    return l1[table] & OFFSET;
  }

  /** Bytes of the L1 table that are used. */
  long l1Bytes() {
    return (long) l1.length * Long.BYTES;
  }

  /**
   * The longest run of one kind that is found cheaply from {@code offset} on, up to {@code limit}.
   */
  Run runAt(long offset, long limit) {
    int table = (int) (offset >>> tableCoverBits);
    if ((l1[table] & OFFSET) == 0) {
      int next = table + 1;
      while (next < l1.length
          && (l1[next] & OFFSET) == 0
          && ((long) next << tableCoverBits) < limit) {
        next++;
      }
      long end = Math.min((long) next << tableCoverBits, limit);
      return new Run(Kind.ABSENT, end - offset, 0, 0);
    }
    long sliceStart = offset >>> sliceCoverBits << sliceCoverBits;
    long slicesBefore = (offset & mask(tableCoverBits)) >>> sliceCoverBits;
    long[] slice = slice((l1[table] & OFFSET) + slicesBefore * sliceBytes);
    return runIn(slice, sliceStart, offset, limit);
  }

  private Run runIn(long[] slice, long sliceStart, long offset, long limit) {
    int first = (int) ((offset - sliceStart) >>> unitBits);
    Kind kind = kindOf(slice, first);
    if (kind == Kind.COMPRESSED) {
      long end = Math.min((offset | mask(clusterBits)) + 1, limit);
      return packed(entry(slice, first), end - offset);
    }
    long host = kind == Kind.PLAIN ? hostOf(slice, first) : 0;
    long sliceEnd = Math.min(sliceStart + (1L << sliceCoverBits), limit);
    long end = sliceStart + ((first + 1L) << unitBits);
    for (int unit = first + 1; end < sliceEnd && kindOf(slice, unit) == kind; unit++) {
      if (kind == Kind.PLAIN && hostOf(slice, unit) != host + ((long) (unit - first) << unitBits)) {
        break;
      }
      end += 1L << unitBits;
    }
    long length = Math.min(end, sliceEnd) - offset;
    if (kind != Kind.PLAIN) {
      return new Run(kind, length, 0, 0);
    }
    host += offset & mask(unitBits);
    if (host > file.length() - length) {
      throw Faults.truncated(
          file.path(),
          "It ends at byte " + file.length() + ", within or before data at " + host + ".");
    }
    return new Run(kind, length, host, 0);
  }

  private Run packed(long entry, long length) {
    int offsetBits = COMPRESSED_FLAGS_AT - (clusterBits - 8);
    long host = entry & mask(offsetBits);
    long sectors = ((entry & mask(COMPRESSED_FLAGS_AT)) >>> offsetBits) + 1;
    long bytes = sectors * Limits.SECTOR_BYTES - (host & (Limits.SECTOR_BYTES - 1));
    if (host >= file.length()) {
      throw Faults.truncated(
          file.path(), "It ends at byte " + file.length() + ", before data at " + host + ".");
    }
    // The last sector is counted whole, though the file may end within it.
    return new Run(Kind.COMPRESSED, length, host, (int) Math.min(bytes, file.length() - host));
  }

  private Kind kindOf(long[] slice, int unit) {
    long entry = entry(slice, unit);
    if ((entry & COMPRESSED) != 0) {
      if ((entry & COPIED) != 0 || (extended && bitmap(slice, unit) != 0)) {
        throw badEntry();
      }
      return Kind.COMPRESSED;
    }
    long reserved = ~(OFFSET | COPIED | (extended || version == 2 ? 0 : ALL_ZERO));
    if ((entry & reserved) != 0 || (entry & OFFSET & mask(clusterBits)) != 0) {
      throw badEntry();
    }
    boolean stored = (entry & OFFSET) != 0;
    if (!extended) {
      return (entry & ALL_ZERO) != 0 ? Kind.ZERO : stored ? Kind.PLAIN : Kind.ABSENT;
    }
    return subclusterKind(bitmap(slice, unit), unit & (int) mask(SUBCLUSTER_BITS), stored);
  }

  private Kind subclusterKind(long bitmap, int subcluster, boolean stored) {
    boolean allocated = (bitmap >>> subcluster & 1) != 0;
    boolean zero = (bitmap >>> (32 + subcluster) & 1) != 0;
    if ((allocated && zero) || (allocated && !stored)) {
      throw badEntry();
    }
    return zero ? Kind.ZERO : allocated ? Kind.PLAIN : Kind.ABSENT;
  }

  private RuntimeException badEntry() {
    return Faults.corrupt(file.path(), "An entry of an L2 table is not valid.");
  }

  private long hostOf(long[] slice, int unit) {
    long inCluster = extended ? (unit & mask(SUBCLUSTER_BITS)) << unitBits : 0;
    return (entry(slice, unit) & OFFSET) + inCluster;
  }

  private long entry(long[] slice, int unit) {
    return extended ? slice[(unit >> SUBCLUSTER_BITS) * 2] : slice[unit];
  }

  private long bitmap(long[] slice, int unit) {
    return slice[(unit >> SUBCLUSTER_BITS) * 2 + 1];
  }

  private long[] slice(long hostOffset) {
    synchronized (slices) {
      long[] known = slices.get(hostOffset);
      if (known != null) {
        return known;
      }
    }
    // Read outside the lock: two threads may read the same slice, which is harmless.
    long[] read = words(hostOffset, sliceBytes);
    synchronized (slices) {
      slices.put(hostOffset, read);
    }
    return read;
  }

  private static long mask(int bits) {
    return (1L << bits) - 1;
  }
}
