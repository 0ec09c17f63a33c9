package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.model.DiskId;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/** Takes the header apart. See the first tables of docs/formats/qcow2.md. */
final class Qcow2HeaderReader {
  static final int MAGIC = 0x514649fb;

  /** Where fields lie that are written to one by one. */
  static final int BACKING_AT = 8;

  static final int COUNTS_AT = 48;

  private static final int LENGTH_V2 = 72;
  private static final int SHORTEST_V3 = 104;
  private static final int MAX_REFCOUNT_ORDER = 6;
  private static final int REFCOUNT_ORDER_V2 = 4;

  private final ImageFile file;
  private final ByteBuffer header;

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
    int headerLength = headerLength(file.path(), header);
    int refcountOrder = v3 ? header.getInt(96) : REFCOUNT_ORDER_V2;
    if (Integer.compareUnsigned(refcountOrder, MAX_REFCOUNT_ORDER) > 0) {
      throw Faults.corrupt(file.path(), "Its reference counts would be wider than 64 bits.");
    }
    Optional<ByteBuffer> name = backingName(file.path(), header);
    HeaderExtensions extensions = extensions(file.path(), header);
    Optional<ByteBuffer> format = extensions.find(HeaderExtensions.BACKING_FORMAT);
    return new Qcow2Header(
        version,
        clusterBits,
        header.getLong(24),
        header.getInt(32),
        Integer.toUnsignedLong(header.getInt(36)),
        header.getLong(40),
        new Qcow2Header.Counts(
            header.getLong(COUNTS_AT),
            Integer.toUnsignedLong(header.getInt(COUNTS_AT + 8)),
            refcountOrder),
        Integer.toUnsignedLong(header.getInt(60)),
        v3 ? header.getLong(72) : 0,
        v3 ? header.getLong(88) : 0,
        headerLength > SHORTEST_V3 ? Byte.toUnsignedInt(header.get(104)) : 0,
        name.map(this::text),
        format.map(this::text),
        parentId(extensions, name, format),
        extensions.find(HeaderExtensions.DATA_FILE).isPresent());
  }

  private static Optional<DiskId> parentId(
      HeaderExtensions extensions, Optional<ByteBuffer> name, Optional<ByteBuffer> format) {
    return name.isEmpty() || format.isEmpty()
        ? Optional.empty()
        : extensions
            .find(HeaderExtensions.PARENT_ID)
            .flatMap(data -> ParentRecord.idIn(data, name.get(), format.get()));
  }

  /** The bytes of a header, given the first cluster, that lie before its extensions. */
  static int headerLength(Path file, ByteBuffer header) {
    if (header.getInt(4) == 2) {
      return LENGTH_V2;
    }
    int length = header.getInt(100);
    if (length < SHORTEST_V3 || length % 8 != 0) {
      throw Faults.corrupt(file, "Its header claims a length of " + length + " bytes.");
    }
    if (length > header.limit()) {
      throw Faults.corrupt(file, "Its header does not fit in the first cluster.");
    }
    return length;
  }

  /** The name of the parent, in the first cluster. */
  static Optional<ByteBuffer> backingName(Path file, ByteBuffer header) {
    long offset = header.getLong(BACKING_AT);
    int length = header.getInt(BACKING_AT + 8);
    if (offset == 0) {
      return Optional.empty();
    }
    if (length < 1
        || length > ParentRecord.MAX_NAME_BYTES
        || offset < 0
        || offset > header.limit() - length) {
      throw Faults.corrupt(file, "The name of its parent is not inside the first cluster.");
    }
    return Optional.of(header.slice((int) offset, length));
  }

  /** The extensions, in the first cluster; they end where the name of the parent begins. */
  static HeaderExtensions extensions(Path file, ByteBuffer header) {
    long name = header.getLong(BACKING_AT);
    int to = name == 0 ? header.limit() : (int) name;
    return HeaderExtensions.read(file, header, headerLength(file, header), to);
  }

  private String text(ByteBuffer bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes.duplicate()).toString();
    } catch (CharacterCodingException e) {
      throw Faults.corrupt(file.path(), "A name in its header is not UTF-8.");
    }
  }
}
