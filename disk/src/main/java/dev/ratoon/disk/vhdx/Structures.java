package dev.ratoon.disk.vhdx;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.CRC32C;

/** What the structures of a VHDX have in common: little-endian buffers, GUIDs, checksums. */
final class Structures {
  static final int SECTOR = 4096;
  static final int TABLE = 64 << 10;
  static final long MIB = 1L << 20;

  /** More than any disk of this format needs; keeps sums of offsets far from overflowing. */
  static final long MOST_FILE_BYTES = 1L << 48;

  static final UUID NO_GUID = new UUID(0, 0);

  private static final int CHECKSUM_AT = 4;
  private static final int TEXT_LENGTH = 38;

  private Structures() {}

  static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Whether the ASCII characters of {@code signature} are at {@code at}. */
  static boolean isSigned(ByteBuffer structure, int at, String signature) {
    for (int i = 0; i < signature.length(); i++) {
      if (structure.get(at + i) != (byte) signature.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  static void sign(ByteBuffer structure, int at, String signature) {
    for (int i = 0; i < signature.length(); i++) {
      structure.put(at + i, (byte) signature.charAt(i));
    }
  }

  /** A GUID: the first three groups are little-endian numbers, the rest bytes in order. */
  static UUID guid(ByteBuffer structure, int at) {
    long first = structure.getInt(at) & 0xffff_ffffL;
    long second = structure.getShort(at + 4) & 0xffffL;
    long third = structure.getShort(at + 6) & 0xffffL;
    return new UUID(
        first << 32 | second << 16 | third, Long.reverseBytes(structure.getLong(at + 8)));
  }

  static void putGuid(ByteBuffer structure, int at, UUID guid) {
    long high = guid.getMostSignificantBits();
    structure.putInt(at, (int) (high >>> 32));
    structure.putShort(at + 4, (short) (high >>> 16));
    structure.putShort(at + 6, (short) high);
    structure.putLong(at + 8, Long.reverseBytes(guid.getLeastSignificantBits()));
  }

  /** As parent locators have it: lower case, in braces. */
  static String text(UUID guid) {
    return "{" + guid.toString().toLowerCase(Locale.ROOT) + "}";
  }

  /** What {@link #text} made, in any case of letters. */
  static Optional<UUID> guid(String text) {
    if (text.length() != TEXT_LENGTH || !text.startsWith("{") || !text.endsWith("}")) {
      return Optional.empty();
    }
    try {
      UUID guid = UUID.fromString(text.substring(1, TEXT_LENGTH - 1));
      return text(guid).equalsIgnoreCase(text) ? Optional.of(guid) : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** Whether the checksum that all structures have at byte 4 is that of the rest. */
  static boolean isWhole(ByteBuffer structure) {
    return structure.getInt(CHECKSUM_AT) == checksum(structure);
  }

  /** Puts the checksum where it belongs. */
  static ByteBuffer seal(ByteBuffer structure) {
    return structure.putInt(CHECKSUM_AT, checksum(structure));
  }

  private static int checksum(ByteBuffer structure) {
    CRC32C crc = new CRC32C();
    crc.update(structure.slice(0, CHECKSUM_AT));
    crc.update(new byte[Integer.BYTES]);
    crc.update(structure.slice(CHECKSUM_AT + Integer.BYTES, structure.limit() - 8));
    return (int) crc.getValue();
  }
}
