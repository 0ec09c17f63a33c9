package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Takes the header apart. See the first tables of docs/formats/qcow2.md. */
final class Qcow2HeaderReader {
  static final int MAGIC = 0x514649fb;
  static final int EXTENSION_END = 0;
  static final int EXTENSION_BACKING_FORMAT = 0xe2792aca;
  static final int EXTENSION_DATA_FILE = 0x44415441;
  static final int MAX_NAME_BYTES = 1023;

  private static final int LENGTH_V2 = 72;
  private static final int SHORTEST_V3 = 104;
  private static final int MAX_REFCOUNT_ORDER = 6;

  private final ImageFile file;
  private final ByteBuffer header;
  private Optional<String> backingFormat = Optional.empty();
  private boolean namesDataFile;

  private Qcow2HeaderReader(ImageFile file, ByteBuffer header) {
    this.file = file;
    this.header = header;
  }

  static Qcow2Header read(ImageFile file) {
    ByteBuffer start = bytes(file, Math.min(file.length(), SHORTEST_V3 + 1));
    if (!Qcow2Header.isMagic(start)) {
      throw Faults.notAnImage(file.path(), "It is not a qcow2 file.", "Name a qcow2 file.");
    }
    int version = start.getInt(4);
    if (version != 2 && version != 3) {
      throw Faults.unsupported(
          file.path(),
          "It is of version " + Integer.toUnsignedString(version) + " of qcow.",
          "Convert it: qemu-img convert -O qcow2 OLD NEW.");
    }
    if (start.limit() < (version == 2 ? LENGTH_V2 : SHORTEST_V3)) {
      throw Faults.truncated(file.path(), "It ends within its header.");
    }
    int clusterBits = start.getInt(20);
    if (clusterBits < Qcow2Header.SMALLEST_CLUSTER_BITS
        || clusterBits > Qcow2Header.LARGEST_CLUSTER_BITS) {
      throw Faults.corrupt(
          file.path(),
          "Its clusters would have 2^" + Integer.toUnsignedString(clusterBits) + " bytes.");
    }
    long firstCluster = Math.min(file.length(), 1L << clusterBits);
    return new Qcow2HeaderReader(file, bytes(file, firstCluster)).parse(version, clusterBits);
  }

  private static ByteBuffer bytes(ImageFile file, long count) {
    ByteBuffer bytes = ByteBuffer.allocate((int) count);
    file.read(0, bytes);
    return bytes.flip();
  }

  private Qcow2Header parse(int version, int clusterBits) {
    boolean v3 = version == 3;
    int headerLength = v3 ? header.getInt(100) : LENGTH_V2;
    if (v3 && (headerLength < SHORTEST_V3 || headerLength % 8 != 0)) {
      throw Faults.corrupt(
          file.path(), "Its header claims a length of " + headerLength + " bytes.");
    }
    if (headerLength > header.limit()) {
      throw Faults.corrupt(file.path(), "Its header does not fit in the first cluster.");
    }
    if (v3 && Integer.compareUnsigned(header.getInt(96), MAX_REFCOUNT_ORDER) > 0) {
      throw Faults.corrupt(file.path(), "Its reference counts would be wider than 64 bits.");
    }
    long backingOffset = header.getLong(8);
    Optional<String> backingName =
        backingOffset == 0 ? Optional.empty() : Optional.of(backingName(backingOffset));
    readExtensions(headerLength, backingOffset == 0 ? header.limit() : (int) backingOffset);
    return new Qcow2Header(
        version,
        clusterBits,
        header.getLong(24),
        header.getInt(32),
        Integer.toUnsignedLong(header.getInt(36)),
        header.getLong(40),
        v3 ? header.getLong(72) : 0,
        headerLength > SHORTEST_V3 ? Byte.toUnsignedInt(header.get(104)) : 0,
        backingName,
        backingFormat,
        namesDataFile);
  }

  private String backingName(long offset) {
    int length = header.getInt(16);
    if (length < 1 || length > MAX_NAME_BYTES || offset < 0 || offset > header.limit() - length) {
      throw Faults.corrupt(file.path(), "The name of its parent is not inside the first cluster.");
    }
    return text((int) offset, length);
  }

  private void readExtensions(int from, int to) {
    int at = from;
    while (at <= to - 8) {
      int type = header.getInt(at);
      int length = header.getInt(at + 4);
      at += 8;
      if (type == EXTENSION_END) {
        return;
      }
      if (length < 0 || length > to - at) {
        throw Faults.corrupt(file.path(), "An extension of its header reaches beyond its place.");
      }
      if (type == EXTENSION_BACKING_FORMAT) {
        backingFormat = Optional.of(text(at, length));
      } else if (type == EXTENSION_DATA_FILE) {
        namesDataFile = true;
      }
      at += (length + 7) & ~7;
    }
  }

  private String text(int offset, int length) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(header.slice(offset, length)).toString();
    } catch (CharacterCodingException e) {
      throw Faults.corrupt(file.path(), "A name in its header is not UTF-8.");
    }
  }
}
