package dev.ratoon.disk.vhd;

import dev.ratoon.disk.Limits;
import dev.ratoon.disk.file.Faults;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;

/**
 * The footer of a VHD: first table of docs/formats/vhd.md.
 *
 * @param headerOffset where the dynamic header lies; -1 if fixed
 * @param time of creation
 * @param size bytes of the disk
 */
record VhdFooter(long headerOffset, int time, long size, Type type, UUID unique) {
  static final int BYTES = 512;

  private static final String COOKIE = "conectix";
  private static final int VERSION = 0x0001_0000;
  private static final int ALWAYS_SET = 2;
  private static final int CHECKSUM_AT = 64;
  private static final int CREATOR_VERSION = 0x000a_0000;

  /** The creating program that makes QEMU believe the current size rather than the geometry. */
  private static final String CREATOR = "win ";

  private static final String SYSTEM = "Wi2k";

  /** How the disk is stored, by the number that the file has for it. */
  enum Type {
    FIXED(2),
    DYNAMIC(3),
    DIFFERENCING(4);

    private final int number;

    Type(int number) {
      this.number = number;
    }
  }

  /** Whether {@code start} begins with a footer's mark. */
  static boolean isMarked(ByteBuffer start) {
    return start.limit() >= COOKIE.length()
        && start.slice(0, COOKIE.length()).equals(StandardCharsets.US_ASCII.encode(COOKIE));
  }

  /** The footer in {@code bytes}; empty if it is none, or damaged. */
  static Optional<VhdFooter> parse(ByteBuffer bytes, Path file) {
    if (!isMarked(bytes) || bytes.getInt(CHECKSUM_AT) != Checksum.of(bytes, CHECKSUM_AT)) {
      return Optional.empty();
    }
    if (bytes.getInt(12) >>> 16 != VERSION >>> 16) {
      throw Faults.unsupported(
          file,
          "It is of a version of VHD that is unknown here.",
          "Convert it: qemu-img convert -f vpc -O qcow2 OLD NEW.");
    }
    long size = bytes.getLong(48);
    if (size <= 0 || size % Limits.SECTOR_BYTES != 0) {
      throw Faults.corrupt(file, "It claims a disk of " + Long.toUnsignedString(size) + " bytes.");
    }
    if (size > Limits.MAX_DISK_BYTES) {
      throw Faults.unsupported(file, "Its disk is larger than 64 TiB.", "Use a smaller disk.");
    }
    return Optional.of(
        new VhdFooter(
            bytes.getLong(16),
            bytes.getInt(24),
            size,
            type(bytes.getInt(60), file),
            new UUID(bytes.getLong(68), bytes.getLong(76))));
  }

  private static Type type(int number, Path file) {
    for (Type type : Type.values()) {
      if (type.number == number) {
        return type;
      }
    }
    throw Faults.unsupported(
        file,
        "It is a VHD of a type that is unknown here (" + Integer.toUnsignedString(number) + ").",
        "Convert it: qemu-img convert -f vpc -O qcow2 OLD NEW.");
  }

  ByteBuffer encode() {
    VhdGeometry geometry = VhdGeometry.of(size);
    ByteBuffer bytes = ByteBuffer.allocate(BYTES);
    bytes
        .put(StandardCharsets.US_ASCII.encode(COOKIE))
        .putInt(ALWAYS_SET)
        .putInt(VERSION)
        .putLong(headerOffset)
        .putInt(time)
        .put(StandardCharsets.US_ASCII.encode(CREATOR))
        .putInt(CREATOR_VERSION)
        .put(StandardCharsets.US_ASCII.encode(SYSTEM))
        .putLong(size)
        .putLong(size)
        .putShort((short) geometry.cylinders())
        .put((byte) geometry.heads())
        .put((byte) geometry.sectorsPerTrack())
        .putInt(type.number)
        .putInt(0)
        .putLong(unique.getMostSignificantBits())
        .putLong(unique.getLeastSignificantBits());
    return bytes.putInt(CHECKSUM_AT, Checksum.of(bytes, CHECKSUM_AT)).clear();
  }
}
