package dev.ratoon.disk.blocks;

import dev.ratoon.disk.Limits;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.model.DiskId;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.zip.CRC32C;

/**
 * The header of docs/formats/block-fingerprints.md, and where the sections lie that follow it.
 *
 * @param size bytes of the disk
 * @param entries chunks that have fingerprints
 * @param slots of the table; 0 if there is none
 * @param listCrc CRC-32C of the list
 */
record FingerprintHeader(
    long size, DiskId id, long entries, long fingerprints, long slots, int listCrc) {
  static final int BYTES = 88;
  static final int ENTRY_BYTES = 16;

  private static final long MAGIC = 0x52544e42_4c4b5301L;
  private static final int ID_BYTES = 32;
  private static final int CRC_AT = BYTES - Integer.BYTES;

  static long slotsFor(long fingerprints) {
    return fingerprints + fingerprints / 2 + 1;
  }

  long chunks() {
    return (size - 1) / Limits.CHUNK_BYTES + 1;
  }

  long fingerprintsAt() {
    return BYTES + entries * ENTRY_BYTES;
  }

  long tableAt() {
    return fingerprintsAt() + fingerprints * Long.BYTES;
  }

  long fileBytes() {
    return tableAt() + slots * Long.BYTES;
  }

  FingerprintHeader withoutTable() {
    return new FingerprintHeader(size, id, entries, fingerprints, 0, listCrc);
  }

  ByteBuffer encoded() {
    ByteBuffer header = ByteBuffer.allocate(BYTES);
    header.putLong(MAGIC).putInt(Blocks.BLOCK_BYTES).putInt(0).putLong(size);
    header.put(HexFormat.of().parseHex(id.hex()));
    header.putLong(entries).putLong(fingerprints).putLong(slots).putInt(listCrc);
    return header.putInt(crc(header)).flip();
  }

  /**
   * @param header {@link #BYTES} bytes
   * @throws dev.ratoon.model.RatoonException {@code IMAGE_CORRUPT}
   */
  static FingerprintHeader read(ByteBuffer header, Path file) {
    if (header.getInt(CRC_AT) != crc(header)) {
      throw Faults.corrupt(file, "The checksum of its header is wrong.");
    }
    long magic = header.getLong();
    if (magic != MAGIC || header.getInt() != Blocks.BLOCK_BYTES || header.getInt() != 0) {
      throw Faults.corrupt(file, "It has no block fingerprints, or of a version not known here.");
    }
    long size = header.getLong();
    if (size < 1 || size > Limits.MAX_DISK_BYTES) {
      throw Faults.corrupt(file, "It claims a disk of " + size + " bytes.");
    }
    byte[] id = new byte[ID_BYTES];
    header.get(id);
    FingerprintHeader said =
        new FingerprintHeader(
            size,
            DiskId.of(id),
            header.getLong(),
            header.getLong(),
            header.getLong(),
            header.getInt());
    if (!said.countsFit()) {
      throw Faults.corrupt(file, "Its counts do not fit its size.");
    }
    return said;
  }

  private boolean countsFit() {
    return entries >= 0
        && entries <= chunks()
        && fingerprints >= entries
        && fingerprints <= entries * Blocks.IN_CHUNK
        && (slots == 0 || slots == slotsFor(fingerprints));
  }

  private static int crc(ByteBuffer header) {
    CRC32C crc = new CRC32C();
    crc.update(header.duplicate().position(0).limit(CRC_AT));
    return (int) crc.getValue();
  }
}
