package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.Structures.SECTOR;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * The header of an entry of the log, and how an entry is put together. See docs/formats/vhdx.md.
 *
 * @param sectors all of the entry
 * @param tail the sector of the log where the sequence begins that ends with this entry
 * @param sequence unsigned
 * @param descriptors how many follow
 * @param flushed what the file's length has been at least, durably
 * @param last what the file's length has to be at least
 */
record LogEntry(
    int sectors, int tail, long sequence, int descriptors, UUID log, long flushed, long last) {
  static final int DESCRIPTOR_BYTES = 32;
  static final int HEADER_BYTES = 64;

  /** The most pages of an entry that {@link #encode} makes: as many as one sector describes. */
  static final int MOST_PAGES = (SECTOR - HEADER_BYTES) / DESCRIPTOR_BYTES;

  /** Where the bytes that are kept in the sector itself begin and end. */
  static final int KEPT_FROM = 8;

  static final int KEPT_TO = SECTOR - 4;

  /** The header that {@code sector} begins with, as far as it can be one in a log of this size. */
  static Optional<LogEntry> parse(ByteBuffer sector, int logSectors) {
    long length = sector.getInt(8) & 0xffff_ffffL;
    long tail = sector.getInt(12) & 0xffff_ffffL;
    long descriptors = sector.getInt(24) & 0xffff_ffffL;
    if (!Structures.isSigned(sector, 0, "loge")
        || length % SECTOR != 0
        || tail % SECTOR != 0
        || length / SECTOR > logSectors
        || tail / SECTOR >= logSectors
        || sector.getLong(16) == 0
        || descriptorSectors(descriptors) > length / SECTOR) {
      return Optional.empty();
    }
    return Optional.of(
        new LogEntry(
            (int) (length / SECTOR),
            (int) (tail / SECTOR),
            sector.getLong(16),
            (int) descriptors,
            Structures.guid(sector, 32),
            sector.getLong(48),
            sector.getLong(56)));
  }

  /** Sectors that hold the header and so many descriptors. */
  private static long descriptorSectors(long descriptors) {
    return (HEADER_BYTES + descriptors * DESCRIPTOR_BYTES + SECTOR - 1) / SECTOR;
  }

  int descriptorSectors() {
    return (int) descriptorSectors(descriptors);
  }

  /** The number of descriptors that lie before sector {@code sector} of the entry. */
  static int descriptorsBefore(int sector) {
    return sector == 0 ? 0 : sector * (SECTOR / DESCRIPTOR_BYTES) - HEADER_BYTES / DESCRIPTOR_BYTES;
  }

  /**
   * An entry that is its own tail and writes {@code pages}, at most {@link #MOST_PAGES}.
   *
   * @param at the sector of the log where it will lie
   * @param fileLength bytes, durable
   */
  static ByteBuffer encode(int at, long sequence, UUID log, List<Page> pages, long fileLength) {
    int sectors = 1 + pages.size();
    ByteBuffer bytes = Structures.buffer(sectors * SECTOR);
    Structures.sign(bytes, 0, "loge");
    bytes.putInt(8, sectors * SECTOR).putInt(12, at * SECTOR).putLong(16, sequence);
    bytes.putInt(24, pages.size());
    Structures.putGuid(bytes, 32, log);
    bytes.putLong(48, fileLength & -Structures.MIB);
    bytes.putLong(56, (fileLength + Structures.MIB - 1) & -Structures.MIB);
    for (int i = 0; i < pages.size(); i++) {
      ByteBuffer page = pages.get(i).bytes();
      int descriptor = HEADER_BYTES + i * DESCRIPTOR_BYTES;
      Structures.sign(bytes, descriptor, "desc");
      bytes.putInt(descriptor + 4, page.getInt(KEPT_TO)).putLong(descriptor + 8, page.getLong(0));
      bytes.putLong(descriptor + 16, pages.get(i).offset()).putLong(descriptor + 24, sequence);
      int data = (1 + i) * SECTOR;
      Structures.sign(bytes, data, "data");
      bytes.putInt(data + 4, (int) (sequence >>> 32));
      bytes.put(data + KEPT_FROM, page, KEPT_FROM, KEPT_TO - KEPT_FROM);
      bytes.putInt(data + KEPT_TO, (int) sequence);
    }
    return Structures.seal(bytes);
  }
}
