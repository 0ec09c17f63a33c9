package dev.ratoon.disk.vmdk;

import dev.ratoon.disk.Limits;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The header of a sparse extent. Specified in docs/formats/vmdk.md.
 *
 * @param flags the bits that are set
 * @param capacity bytes of the disk
 * @param grainBytes bytes that are allocated as one
 * @param descriptorAt where the embedded descriptor begins, in bytes; 0 = there is none
 * @param descriptorBytes bytes that it may take
 * @param redundantDirectoryAt where the second grain directory begins, in bytes
 * @param directoryAt where the grain directory begins, in bytes
 * @param compressed whether grains are packed, behind markers
 */
record VmdkHeader(
    int flags,
    long capacity,
    int grainBytes,
    long descriptorAt,
    int descriptorBytes,
    long redundantDirectoryAt,
    long directoryAt,
    boolean compressed) {

  static final int MAGIC = 0x564d444b;
  static final int TABLE_ENTRIES = 512;
  static final int LARGEST_DESCRIPTOR_BYTES = 1 << 20;
  static final int TABLE_BYTES = TABLE_ENTRIES * Integer.BYTES;

  private static final int SECTOR = Limits.SECTOR_BYTES;
  private static final long AT_END = -1;
  private static final int NEWEST_VERSION = 3;
  private static final int SMALLEST_GRAIN = 8;
  private static final int LARGEST_GRAIN = 4096;
  private static final int LARGEST_DESCRIPTOR = LARGEST_DESCRIPTOR_BYTES / SECTOR;

  private static final int END_OF_STREAM = 0;
  private static final int FOOTER = 3;
  private static final int DEFLATE = 1;

  private static final int LINE_ENDS = 1;
  private static final int REDUNDANT = 1 << 1;
  private static final int ZEROED_GRAINS = 1 << 2;
  private static final int COMPRESSED = 1 << 16;
  private static final int MARKERS = 1 << 17;
  private static final int MUST_BE_KNOWN = 0xffff_0000;
  private static final int LINE_END_CHARACTERS = 0x0a0d_200a;

  /** Reads the header and, where it says so, the footer that completes it. */
  static VmdkHeader read(ImageFile file) {
    if (file.length() < SECTOR) {
      throw Faults.truncated(file.path(), "It ends within its header.");
    }
    ByteBuffer start = sector(file, 0);
    if (!isMagic(start)) {
      throw Faults.notAnImage(file.path(), "It is not a VMDK file.", "Name a VMDK file.");
    }
    ByteBuffer deciding = start.getLong(56) == AT_END ? footer(file) : start;
    return parse(file, start, deciding);
  }

  /** Whether {@code file} begins as a sparse extent. */
  static boolean isMagic(ImageFile file) {
    return file.length() >= Integer.BYTES
        && isMagic(file.bytes(0, Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN));
  }

  private static boolean isMagic(ByteBuffer start) {
    return start.getInt(0) == MAGIC;
  }

  private static ByteBuffer sector(ImageFile file, long offset) {
    return file.bytes(offset, SECTOR).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static ByteBuffer footer(ImageFile file) {
    long at = file.length() - 3L * SECTOR;
    if (at < SECTOR || file.length() % SECTOR != 0) {
      throw noFooter(file);
    }
    ByteBuffer footer = sector(file, at + SECTOR);
    if (!isMarker(sector(file, at), FOOTER)
        || !isMagic(footer)
        || footer.getLong(56) == AT_END
        || !isMarker(sector(file, at + 2L * SECTOR), END_OF_STREAM)) {
      throw noFooter(file);
    }
    return footer;
  }

  private static boolean isMarker(ByteBuffer sector, int type) {
    return sector.getInt(8) == 0 && sector.getInt(12) == type;
  }

  private static RuntimeException noFooter(ImageFile file) {
    return Faults.truncated(
        file.path(), "Its tables are said to be at its end, which does not look so.");
  }

  private static VmdkHeader parse(ImageFile file, ByteBuffer start, ByteBuffer header) {
    checkFeatures(file, header);
    if (header.getLong(12) == 0) {
      throw inOtherFiles(file);
    }
    long capacity = header.getLong(12);
    if (capacity < 0 || capacity > Limits.MAX_DISK_BYTES / SECTOR) {
      throw Faults.unsupported(
          file.path(), "Its disk is larger than 64 TiB.", "Use a smaller one.");
    }
    long grain = header.getLong(20);
    if (grain < SMALLEST_GRAIN || grain > LARGEST_GRAIN || Long.bitCount(grain) != 1) {
      throw Faults.corrupt(
          file.path(), "Its grains would have " + Long.toUnsignedString(grain) + " sectors.");
    }
    if (header.getInt(44) != TABLE_ENTRIES) {
      throw Faults.corrupt(
          file.path(),
          "Its grain tables would have "
              + Integer.toUnsignedString(header.getInt(44))
              + " entries instead of 512.");
    }
    long descriptorAt = descriptorAt(file, start);
    return new VmdkHeader(
        header.getInt(8),
        capacity * SECTOR,
        (int) grain * SECTOR,
        descriptorAt,
        descriptorAt == 0 ? 0 : (int) start.getLong(36) * SECTOR,
        bytes(header.getLong(48)),
        bytes(header.getLong(56)),
        compressed(file, header));
  }

  private static void checkFeatures(ImageFile file, ByteBuffer header) {
    int version = header.getInt(4);
    if (version < 1 || version > NEWEST_VERSION) {
      throw unsupported(file, "version " + Integer.toUnsignedString(version));
    }
    int flags = header.getInt(8);
    int unknown = flags & MUST_BE_KNOWN & ~(COMPRESSED | MARKERS);
    if (unknown != 0) {
      throw unsupported(file, "features (flags " + Integer.toHexString(unknown) + ")");
    }
    if ((flags & LINE_ENDS) != 0 && header.getInt(73) != LINE_END_CHARACTERS) {
      throw Faults.corrupt(
          file.path(), "It was changed by a transfer as text; it has to be copied as it is.");
    }
    if (header.get(72) != 0) {
      throw Faults.corrupt(
          file.path(),
          "It is marked as in use, or was not closed properly; where it was made, shut the VM down"
              + " and copy it again.");
    }
  }

  private static long descriptorAt(ImageFile file, ByteBuffer header) {
    long at = header.getLong(28);
    long sectors = header.getLong(36);
    if (at == 0 || sectors == 0) {
      return 0;
    }
    if (sectors < 0 || sectors > LARGEST_DESCRIPTOR) {
      throw Faults.corrupt(
          file.path(), "Its descriptor would have " + Long.toUnsignedString(sectors) + " sectors.");
    }
    if (at < 0 || at > file.length() / SECTOR - sectors) {
      throw Faults.truncated(file.path(), "It ends before its descriptor does.");
    }
    return at * SECTOR;
  }

  private static boolean compressed(ImageFile file, ByteBuffer header) {
    int packing = header.getInt(8) & (COMPRESSED | MARKERS);
    int algorithm = Short.toUnsignedInt(header.getShort(77));
    if (packing == 0 && algorithm == 0) {
      return false;
    }
    if (packing == (COMPRESSED | MARKERS) && algorithm == DEFLATE) {
      return true;
    }
    throw unsupported(file, "compression (" + algorithm + ")");
  }

  private static RuntimeException unsupported(ImageFile file, String what) {
    return Faults.unsupported(
        file.path(),
        "It uses " + what + " of VMDK, unknown here.",
        "Convert it: qemu-img convert -O qcow2 OLD NEW.");
  }

  static RuntimeException inOtherFiles(ImageFile file) {
    return Faults.refersOutside(
        file.path(), "It is one file of a disk that has several.", VmdkDescriptor.INTO_ONE_FILE);
  }

  /** A place in bytes; one that no file can have stays out of every file. */
  private static long bytes(long sectors) {
    return sectors < 0 || sectors > Long.MAX_VALUE / SECTOR ? Long.MAX_VALUE : sectors * SECTOR;
  }

  /** Whether an entry of 1 stands for a grain of zeros. */
  boolean zeroedGrains() {
    return (flags & ZEROED_GRAINS) != 0;
  }

  /** Whether there is a second grain directory. */
  boolean redundant() {
    return (flags & REDUNDANT) != 0;
  }

  /** Whether this byte of the file is the header's or the descriptor's. */
  boolean isMine(long hostOffset) {
    return hostOffset < SECTOR
        || (hostOffset >= descriptorAt && hostOffset < descriptorAt + descriptorBytes);
  }

  /** How many grain tables the disk can have. */
  long tables() {
    return (capacity - 1) / ((long) grainBytes * TABLE_ENTRIES) + 1;
  }
}
