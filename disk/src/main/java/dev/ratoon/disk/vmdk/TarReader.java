package dev.ratoon.disk.vmdk;

import dev.ratoon.disk.Limits;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Lists the members of a tar archive by their headers, and skips their content. Specified in
 * docs/formats/vmdk.md; the source is POSIX's pax, and GNU tar's manual for its long names, large
 * sizes and sparse files.
 */
final class TarReader {
  static final int MOST_SPECIAL_BYTES = 1 << 20;

  private static final int BLOCK = Limits.SECTOR_BYTES;
  private static final int MOST_MEMBERS = 10_000;
  private static final int NAME_BYTES = 100;
  private static final int SIZE_AT = 124;
  private static final int SIZE_BYTES = 12;
  private static final int CHECKSUM_AT = 148;
  private static final int CHECKSUM_BYTES = 8;
  private static final int TYPE_AT = 156;
  private static final int MAGIC_AT = 257;
  private static final int PREFIX_AT = 345;
  private static final int PREFIX_BYTES = 155;

  private final ImageFile archive;
  private long at;
  private int members;

  /** What headers before a member's own say of it. */
  private Optional<String> longName = Optional.empty();

  private Optional<Long> longSize = Optional.empty();
  private boolean sparse;

  TarReader(ImageFile archive) {
    this.archive = archive;
  }

  /** Whether the file begins as an archive of today's kind does. */
  static boolean isTar(ImageFile file) {
    return file.length() >= BLOCK && isHeader(file.bytes(0, BLOCK));
  }

  private static boolean isHeader(ByteBuffer header) {
    return text(header, MAGIC_AT, 5).equals("ustar")
        && octal(text(header, CHECKSUM_AT, CHECKSUM_BYTES)).equals(Optional.of(checksum(header)));
  }

  /** The next member; empty at the end of the archive. */
  Optional<TarMember> next() {
    while (at < archive.length()) {
      ByteBuffer header = archive.bytes(at, BLOCK);
      if (isZero(header)) {
        return Optional.empty();
      }
      if (!isHeader(header)) {
        throw Faults.corrupt(archive.path(), "It has no member at byte " + at + ", as a tar has.");
      }
      if (++members > MOST_MEMBERS) {
        throw Faults.unsupported(
            archive.path(),
            "It has more than " + MOST_MEMBERS + " members.",
            "Unpack it with tar, and name the disk.");
      }
      Optional<TarMember> member = take(header);
      if (member.isPresent()) {
        return member;
      }
    }
    return Optional.empty();
  }

  /** The member that {@code header} begins; empty if it speaks of the one that follows. */
  private Optional<TarMember> take(ByteBuffer header) {
    char type = (char) header.get(TYPE_AT);
    long content = at + BLOCK;
    long bytes = bytes(header, type);
    if (bytes > archive.length() - content) {
      throw Faults.truncated(
          archive.path(), "It ends within the member that begins at byte " + at + ".");
    }
    at = content + (bytes + BLOCK - 1) / BLOCK * BLOCK;
    switch (type) {
      case 'L' -> longName = Optional.of(cut(utf8(special(content, bytes))));
      case 'x' -> readPax(special(content, bytes));
      case 'g', 'K' -> {
        // What holds for all members, and long names of links, say nothing that we use.
      }
      default -> {
        return Optional.of(member(header, type, content, bytes));
      }
    }
    return Optional.empty();
  }

  private TarMember member(ByteBuffer header, char type, long content, long bytes) {
    TarMember.Kind kind =
        switch (type) {
          case '0', '\0', '7' -> sparse ? TarMember.Kind.SPARSE : TarMember.Kind.PLAIN;
          case 'S' -> TarMember.Kind.SPARSE;
          default -> TarMember.Kind.OTHER;
        };
    String name = VmdkDescriptor.shown(longName.orElse(name(header)));
    String bare = name.startsWith("./") ? name.substring(2) : name;
    longName = Optional.empty();
    longSize = Optional.empty();
    sparse = false;
    return new TarMember(bare, kind, content, bytes);
  }

  private long bytes(ByteBuffer header, char type) {
    return switch (type) {
      // Links, devices and folders may name a size, but nothing follows.
      case '1', '2', '3', '4', '5', '6' -> 0;
      case 'L', 'x', 'g', 'K' -> size(header);
      default -> longSize.isPresent() ? longSize.get() : size(header);
    };
  }

  private ByteBuffer special(long offset, long bytes) {
    if (bytes > MOST_SPECIAL_BYTES) {
      throw Faults.corrupt(archive.path(), "A header of a member would have " + bytes + " bytes.");
    }
    return archive.bytes(offset, (int) bytes);
  }

  /** Records of the form "LENGTH NAME=VALUE\n"; the length counts the whole record in bytes. */
  private void readPax(ByteBuffer records) {
    while (records.hasRemaining()) {
      int start = records.position();
      int length = 0;
      for (byte digit = records.get(); digit != ' '; digit = records.get()) {
        if (digit < '0' || digit > '9' || length > MOST_SPECIAL_BYTES || !records.hasRemaining()) {
          throw badPax();
        }
        length = 10 * length + digit - '0';
      }
      int end = start + length;
      if (end > records.limit() || end <= records.position()) {
        throw badPax();
      }
      String record = utf8(records.slice(records.position(), end - 1 - records.position()));
      int equals = record.indexOf('=');
      if (equals < 0) {
        throw badPax();
      }
      say(record.substring(0, equals), record.substring(equals + 1));
      records.position(end);
    }
  }

  private void say(String key, String value) {
    switch (key) {
      case "path" -> longName = Optional.of(value);
      case "size" -> longSize = Optional.of(decimal(value));
      case "GNU.sparse.major", "GNU.sparse.map", "GNU.sparse.size" -> sparse = true;
      default -> {}
    }
  }

  private RuntimeException badPax() {
    return Faults.corrupt(archive.path(), "A pax header of a member is not valid.");
  }

  private long decimal(String value) {
    if (!value.matches("\\d{1,18}")) {
      throw badSize();
    }
    return Long.parseLong(value);
  }

  private long size(ByteBuffer header) {
    if (header.get(SIZE_AT) == (byte) 0x80) {
      // GNU's form for large files: the lower bits of a big-endian number.
      if (header.getInt(SIZE_AT) != 0x8000_0000 || header.getLong(SIZE_AT + 4) < 0) {
        throw badSize();
      }
      return header.getLong(SIZE_AT + 4);
    }
    return octal(text(header, SIZE_AT, SIZE_BYTES)).orElseThrow(this::badSize);
  }

  private static Optional<Long> octal(String digits) {
    String bare = digits.strip();
    return bare.matches("[0-7]{1,12}") ? Optional.of(Long.parseLong(bare, 8)) : Optional.empty();
  }

  private RuntimeException badSize() {
    return Faults.corrupt(archive.path(), "A member has no sensible size, at byte " + at + ".");
  }

  private static long checksum(ByteBuffer header) {
    long sum = 0;
    for (int i = 0; i < BLOCK; i++) {
      boolean own = i >= CHECKSUM_AT && i < CHECKSUM_AT + CHECKSUM_BYTES;
      sum += own ? ' ' : Byte.toUnsignedInt(header.get(i));
    }
    return sum;
  }

  private static boolean isZero(ByteBuffer header) {
    return header.equals(ByteBuffer.allocate(BLOCK));
  }

  private static String name(ByteBuffer header) {
    String name = text(header, 0, NAME_BYTES);
    // GNU keeps something else where POSIX has the first part of a long name.
    boolean posix = header.get(MAGIC_AT + 5) == 0;
    String prefix = posix ? text(header, PREFIX_AT, PREFIX_BYTES) : "";
    return prefix.isEmpty() ? name : prefix + "/" + name;
  }

  private static String text(ByteBuffer header, int offset, int length) {
    return cut(utf8(header.slice(offset, length)));
  }

  private static String utf8(ByteBuffer bytes) {
    return StandardCharsets.UTF_8.decode(bytes).toString();
  }

  private static String cut(String text) {
    int end = text.indexOf('\0');
    return end < 0 ? text : text.substring(0, end);
  }
}
