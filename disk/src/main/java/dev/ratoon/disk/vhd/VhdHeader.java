package dev.ratoon.disk.vhd;

import dev.ratoon.disk.file.Faults;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * The header of a dynamic or differencing VHD: second table of docs/formats/vhd.md.
 *
 * @param tableOffset where the BAT lies
 * @param tableEntries entries of the BAT, as the file claims
 * @param parent the parent's unique id; without meaning unless differencing
 * @param parentTime when the parent was modified
 * @param parentName the parent's name
 * @param locators the parent locators in use
 */
record VhdHeader(
    long tableOffset,
    long tableEntries,
    int blockBytes,
    UUID parent,
    int parentTime,
    String parentName,
    List<Locator> locators) {
  static final int BYTES = 1024;
  static final int MOST_NAME_BYTES = 512;

  private static final String COOKIE = "cxsparse";
  private static final int VERSION = 0x0001_0000;
  private static final int CHECKSUM_AT = 36;
  private static final int NAME_AT = 64;
  private static final int LOCATORS_AT = 576;
  private static final int LOCATORS = 8;
  private static final int LOCATOR_BYTES = 24;
  private static final int SMALLEST_BLOCK = 1 << 19;
  private static final int LARGEST_BLOCK = 1 << 28;

  /**
   * Where something that helps to find the parent lies in the file.
   *
   * @param code what kind of thing it is
   */
  record Locator(int code, int length, long offset) {}

  VhdHeader {
    locators = List.copyOf(locators);
  }

  /** Reads what lies in {@code bytes}, or says what is wrong with it. */
  static VhdHeader parse(ByteBuffer bytes, Path file) {
    if (!bytes.slice(0, COOKIE.length()).equals(StandardCharsets.US_ASCII.encode(COOKIE))
        || bytes.getInt(CHECKSUM_AT) != Checksum.of(bytes, CHECKSUM_AT)) {
      throw Faults.corrupt(file, "Its dynamic header is damaged.");
    }
    if (bytes.getInt(24) >>> 16 != VERSION >>> 16) {
      throw Faults.unsupported(
          file,
          "Its dynamic header is of a version that is unknown here.",
          "Convert it: qemu-img convert -f vpc -O qcow2 OLD NEW.");
    }
    int blockBytes = bytes.getInt(32);
    if (Integer.bitCount(blockBytes) != 1
        || blockBytes < SMALLEST_BLOCK
        || blockBytes > LARGEST_BLOCK) {
      throw Faults.unsupported(
          file,
          "It has blocks of " + Integer.toUnsignedString(blockBytes) + " bytes.",
          "Convert it: qemu-img convert -f vpc -O qcow2 OLD NEW.");
    }
    return new VhdHeader(
        bytes.getLong(16),
        Integer.toUnsignedLong(bytes.getInt(28)),
        blockBytes,
        new UUID(bytes.getLong(40), bytes.getLong(48)),
        bytes.getInt(56),
        name(bytes),
        locators(bytes));
  }

  private static String name(ByteBuffer bytes) {
    String padded =
        StandardCharsets.UTF_16BE.decode(bytes.slice(NAME_AT, MOST_NAME_BYTES)).toString();
    int end = padded.indexOf('\0');
    return end < 0 ? padded : padded.substring(0, end);
  }

  private static List<Locator> locators(ByteBuffer bytes) {
    List<Locator> locators = new ArrayList<>();
    for (int i = 0; i < LOCATORS; i++) {
      int at = LOCATORS_AT + i * LOCATOR_BYTES;
      if (bytes.getInt(at) != 0) {
        locators.add(new Locator(bytes.getInt(at), bytes.getInt(at + 8), bytes.getLong(at + 16)));
      }
    }
    return locators;
  }

  ByteBuffer encode() {
    ByteBuffer bytes = ByteBuffer.allocate(BYTES);
    bytes
        .put(StandardCharsets.US_ASCII.encode(COOKIE))
        .putLong(-1)
        .putLong(tableOffset)
        .putInt(VERSION)
        .putInt((int) tableEntries)
        .putInt(blockBytes)
        .putInt(0)
        .putLong(parent.getMostSignificantBits())
        .putLong(parent.getLeastSignificantBits())
        .putInt(parentTime)
        .putInt(0)
        .put(StandardCharsets.UTF_16BE.encode(parentName));
    int at = LOCATORS_AT;
    for (Locator locator : locators) {
      bytes
          .putInt(at, locator.code())
          .putInt(at + 4, VhdLayer.padded(locator.length()))
          .putInt(at + 8, locator.length())
          .putLong(at + 16, locator.offset());
      at += LOCATOR_BYTES;
    }
    return bytes.putInt(CHECKSUM_AT, Checksum.of(bytes, CHECKSUM_AT)).clear();
  }
}
