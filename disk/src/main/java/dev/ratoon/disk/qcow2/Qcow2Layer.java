package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Extent.Kind;
import dev.ratoon.disk.FileStamp;
import dev.ratoon.disk.Finding;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.NativeId;
import dev.ratoon.disk.ParentLink;
import dev.ratoon.disk.file.DecoderPool;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.disk.file.Zeros;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A qcow2 file. Specified in docs/formats/qcow2.md. */
public final class Qcow2Layer implements Layer {
  private final ImageFile file;
  private final Qcow2Header header;
  private final Qcow2Map.Runs runs;
  private final DecoderPool<ClusterDecoder> decoders;

  Qcow2Layer(ImageFile file, Qcow2Header header, Qcow2Map.Runs runs) {
    this.file = file;
    this.header = header;
    this.runs = runs;
    this.decoders =
        new DecoderPool<>(() ->
            new ClusterDecoder(
                file, header.clusterBytes(), header.compression() == Qcow2Header.ZSTD));
  }

  /**
   * Takes over {@code file}.
   *
   * @param audited whether all tables are walked first, as a file from a stranger deserves
   */
  public static Qcow2Layer open(ImageFile file, boolean audited) {
    Qcow2Header header = Qcow2HeaderReader.read(file);
    readable(file.path(), header);
    Qcow2Map map = new Qcow2Map(file, header);
    if (audited) {
      Qcow2Audit.check(file, header, map);
    }
    return new Qcow2Layer(file, header, map::runAt);
  }

  /** Refuses what this reader does not read, as docs/formats/qcow2.md says. */
  static void readable(Path file, Qcow2Header header) {
    long unknown = header.incompatible() & ~Qcow2Header.KNOWN_BITS;
    if (unknown != 0) {
      throw Faults.unsupported(
          file,
          "It uses features of qcow2 that are unknown here (bits "
              + Long.toHexString(unknown)
              + ").",
          "Convert it: qemu-img convert -O qcow2 OLD NEW.");
    }
    if (header.namesDataFile() || (header.incompatible() & Qcow2Header.DATA_FILE) != 0) {
      throw Faults.refersOutside(
          file,
          "Its data is in another file.",
          "Put it into one file: qemu-img convert -O qcow2 OLD NEW.");
    }
    if (header.encryption() != 0) {
      throw Faults.unsupported(
          file, "It is encrypted.", "Decrypt it first with qemu-img convert and its key.");
    }
    if (header.dirty() || header.corrupt()) {
      throw Faults.corrupt(
          file,
          header.corrupt()
              ? "It is marked as corrupt."
              : "It is marked as in use, or was not closed properly.");
    }
    boolean typed = (header.incompatible() & Qcow2Header.COMPRESSION_TYPE) != 0;
    if (header.compression() > Qcow2Header.ZSTD || typed != (header.compression() != 0)) {
      throw Faults.unsupported(
          file,
          "Its compression (" + header.compression() + ") is unknown here.",
          "Convert it: qemu-img convert -O qcow2 OLD NEW.");
    }
    if (header.extendedL2() && header.clusterBits() < 14) {
      throw Faults.corrupt(file, "Its clusters are too small for subclusters.");
    }
    if (header.size() <= 0 || header.size() % Limits.SECTOR_BYTES != 0) {
      throw Faults.corrupt(
          file, "It claims a disk of " + Long.toUnsignedString(header.size()) + " bytes.");
    }
    if (header.size() > Limits.MAX_DISK_BYTES) {
      throw Faults.unsupported(file, "Its disk is larger than 64 TiB.", "Use a smaller disk.");
    }
  }

  @Override
  public Path file() {
    return file.path();
  }

  @Override
  public DiskFormat format() {
    return DiskFormat.QCOW2;
  }

  @Override
  public String variant() {
    int bytes = header.clusterBytes();
    return "version %d, clusters of %s%s"
        .formatted(
            header.version(),
            bytes < 1024 ? bytes + " bytes" : (bytes >> 10) + " KiB",
            header.extendedL2() ? ", subclusters" : "");
  }

  @Override
  public long size() {
    return header.size();
  }

  @Override
  public Optional<ParentLink> parent() {
    return header.parentLink(file.path());
  }

  @Override
  public Optional<NativeId> nativeId() {
    return Optional.empty();
  }

  @Override
  public Optional<FileStamp> stamp() {
    return file.stamp();
  }

  @Override
  public Extent extentAt(long offset, long limit) {
    Qcow2Map.Run run = runs.runAt(offset, limit);
    Kind kind =
        switch (run.kind()) {
          case ABSENT -> Kind.HOLE;
          case ZERO -> Kind.ZERO;
          case PLAIN, COMPRESSED -> Kind.DATA;
        };
    return new Extent(offset, run.length(), kind);
  }

  @Override
  public void read(long offset, ByteBuffer target) {
    int limit = target.limit();
    long at = offset;
    while (target.position() < limit) {
      Qcow2Map.Run run = runs.runAt(at, at + limit - target.position());
      target.limit(target.position() + (int) run.length());
      read(run, at, target);
      target.limit(limit);
      at += run.length();
    }
  }

  private void read(Qcow2Map.Run run, long offset, ByteBuffer target) {
    switch (run.kind()) {
      case PLAIN -> file.read(run.hostOffset(), target);
      case COMPRESSED -> {
        ClusterDecoder decoder = decoders.take(run.hostOffset());
        try {
          byte[] cluster = decoder.decode(run.hostOffset(), run.packedBytes());
          target.put(cluster, (int) (offset & (cluster.length - 1)), target.remaining());
        } finally {
          decoders.give(decoder);
        }
      }
      // Somebody made zeros of it since the caller looked.
      case ZERO -> Zeros.fill(target);
      case ABSENT -> throw new IllegalArgumentException("no data at " + offset);
    }
  }

  @Override
  public List<Finding> examine() {
    return Qcow2Examination.of(file, header);
  }

  @Override
  public void close() {
    decoders.close();
    file.close();
  }
}
