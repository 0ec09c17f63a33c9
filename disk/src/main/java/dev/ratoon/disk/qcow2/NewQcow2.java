package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.disk.qcow2.HeaderExtensions.Extension;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A qcow2 file that holds nothing yet: header, refcounts and an empty L1 table. */
final class NewQcow2 {
  static final int HEADER_BYTES = 112;
  static final int REFCOUNT_16_BITS = 4;

  private final long size;
  private final CreateOptions.Qcow2 options;
  private final Qcow2Layout layout;
  private final ByteBuffer header;

  private NewQcow2(Path file, long size, Optional<Backing> parent, CreateOptions.Qcow2 options) {
    this.size = size;
    this.options = options;
    this.layout = Qcow2Layout.of(size, options);
    this.header = header(file, parent.map(backing -> ParentRecord.of(file, backing)));
  }

  /**
   * Prepares all that the file will hold; writes nothing.
   *
   * @throws RatoonException {@code INVALID_VALUE} if there can't be such a file
   */
  static NewQcow2 of(Path file, long size, Optional<Backing> parent, CreateOptions.Qcow2 options) {
    if (size <= 0 || size % Limits.SECTOR_BYTES != 0 || size > Limits.MAX_DISK_BYTES) {
      throw invalid(file, "A disk has a multiple of 512 bytes, up to 64 TiB, not " + size + ".");
    }
    if (Qcow2Layout.of(size, options).l1Entries() > Qcow2Map.MAX_L1_ENTRIES) {
      throw invalid(file, "The clusters are too small for a disk of this size.");
    }
    return new NewQcow2(file, size, parent, options);
  }

  private static RatoonException invalid(Path file, String why) {
    return Problem.of(ErrorCode.INVALID_VALUE, "creating the disk '" + file + "'")
        .detail(why)
        .asException();
  }

  private ByteBuffer header(Path file, Optional<ParentRecord> parent) {
    List<Extension> all = parent.map(known -> known.extensions(List.of())).orElse(List.of());
    HeaderExtensions extensions = HeaderExtensions.of(HEADER_BYTES, all);
    ByteBuffer name = parent.map(known -> known.name().duplicate()).orElse(ByteBuffer.allocate(0));
    if (extensions.end() + name.remaining() > options.clusterBytes()) {
      throw ParentRecord.doesNotFit(file, "The path of its parent does not fit in a cluster.");
    }
    ByteBuffer bytes = ByteBuffer.allocate(extensions.end() + name.remaining());
    fixedPart(bytes, parent.isPresent() ? extensions.end() : 0, name.remaining());
    extensions.putInto(bytes);
    return bytes.put(name).flip();
  }

  private void fixedPart(ByteBuffer bytes, long nameOffset, int nameLength) {
    long cluster = options.clusterBytes();
    long features =
        (options.extendedL2() ? Qcow2Header.EXTENDED_L2 : 0)
            | (options.compressed() ? Qcow2Header.COMPRESSION_TYPE : 0);
    bytes
        .putInt(Qcow2HeaderReader.MAGIC)
        .putInt(3)
        .putLong(nameOffset)
        .putInt(nameLength)
        .putInt(options.clusterBits())
        .putLong(size)
        .putInt(0) // no encryption
        .putInt((int) layout.l1Entries())
        .putLong(layout.l1Start() * cluster)
        .putLong(cluster) // the refcount table follows the header
        .putInt((int) layout.tableClusters())
        .putInt(0) // no snapshots
        .putLong(0)
        .putLong(features)
        .putLong(0) // no compatible features
        .putLong(0) // no autoclear features
        .putInt(REFCOUNT_16_BITS)
        .putInt(HEADER_BYTES)
        .put((byte) (options.compressed() ? Qcow2Header.ZSTD : Qcow2Header.ZLIB))
        .put(new byte[7]);
  }

  /** Writes it all to an empty file. */
  void writeTo(ImageFile file) {
    long cluster = options.clusterBytes();
    file.write(0, header.duplicate());
    file.write(cluster, refcountTable());
    file.write(layout.blockStart() * cluster, refcounts());
    // L1 is all zero: a hole. A file without it is too short to be opened.
    file.setLength(layout.clusters() * cluster);
  }

  private ByteBuffer refcountTable() {
    ByteBuffer table = ByteBuffer.allocate((int) layout.blockClusters() * Long.BYTES);
    for (long block = 0; block < layout.blockClusters(); block++) {
      table.putLong((layout.blockStart() + block) * options.clusterBytes());
    }
    return table.flip();
  }

  private ByteBuffer refcounts() {
    ByteBuffer counts = ByteBuffer.allocate((int) layout.clusters() * Short.BYTES);
    while (counts.hasRemaining()) {
      counts.putShort((short) 1);
    }
    return counts.flip();
  }
}
