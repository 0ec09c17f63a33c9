package dev.ratoon.disk;

import dev.ratoon.disk.Extent.Kind;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/** A qcow2 file and its parent, if it has one. Specified in docs/formats/qcow2.md. */
final class Qcow2Disk implements VirtualDisk {
  private static final int ZSTD = 1;

  private final ImageFile file;
  private final Qcow2Header header;
  private final Qcow2Map map;
  private final DecoderPool decoders;
  private final Optional<VirtualDisk> parent;

  /** Takes over {@code file} and {@code parent}; the header must be {@link #readable}. */
  Qcow2Disk(ImageFile file, Qcow2Header header, Qcow2Map map, Optional<VirtualDisk> parent) {
    this.file = file;
    this.header = header;
    this.map = map;
    this.parent = parent;
    this.decoders =
        new DecoderPool(
            () -> new ClusterDecoder(file, header.clusterBytes(), header.compression() == ZSTD));
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
    if (header.compression() > ZSTD || typed != (header.compression() != 0)) {
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
  public long size() {
    return header.size();
  }

  @Override
  public DiskFormat format() {
    return DiskFormat.QCOW2;
  }

  @Override
  public void read(long offset, ByteBuffer target) {
    Objects.checkFromIndexSize(offset, target.remaining(), size());
    int limit = target.limit();
    long at = offset;
    while (target.position() < limit) {
      Qcow2Map.Run run = map.runAt(at, at + limit - target.position());
      target.limit(target.position() + (int) run.length());
      readRun(run, at, target);
      target.limit(limit);
      at += run.length();
    }
  }

  private void readRun(Qcow2Map.Run run, long offset, ByteBuffer target) {
    switch (run.kind()) {
      case ABSENT -> readParent(offset, target);
      case ZERO -> zero(target);
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
    }
  }

  private void readParent(long offset, ByteBuffer target) {
    long there = parent.map(VirtualDisk::size).orElse(0L) - offset;
    if (there > 0) {
      int limit = target.limit();
      target.limit(target.position() + (int) Math.min(there, target.remaining()));
      parent.orElseThrow().read(offset, target);
      target.limit(limit);
    }
    zero(target);
  }

  private static void zero(ByteBuffer target) {
    MemorySegment.ofBuffer(target).fill((byte) 0);
    target.position(target.limit());
  }

  @Override
  public Extent extentAt(long offset, long limit) {
    Limits.checkRange(offset, limit, size());
    Extent first = stretchAt(offset, limit);
    long end = first.end();
    while (end < limit) {
      Extent next = stretchAt(end, limit);
      if (next.kind() != first.kind()) {
        break;
      }
      end = next.end();
    }
    return new Extent(offset, end - offset, first.kind());
  }

  /** Part of an extent: what follows may be of the same kind. */
  private Extent stretchAt(long offset, long limit) {
    Qcow2Map.Run run = map.runAt(offset, limit);
    return switch (run.kind()) {
      case ZERO -> new Extent(offset, run.length(), Kind.ZERO);
      case PLAIN, COMPRESSED -> new Extent(offset, run.length(), Kind.DATA);
      case ABSENT -> {
        long end = Math.min(offset + run.length(), parent.map(VirtualDisk::size).orElse(0L));
        yield end > offset
            ? parent.orElseThrow().extentAt(offset, end)
            : new Extent(offset, run.length(), Kind.HOLE);
      }
    };
  }

  @Override
  public List<Path> files() {
    return Stream.concat(
            Stream.of(file.path()), parent.stream().flatMap(disk -> disk.files().stream()))
        .toList();
  }

  @Override
  public Optional<Backing> backing() {
    return header.backing(file.path());
  }

  @Override
  public void close() {
    decoders.close();
    try {
      file.close();
    } finally {
      parent.ifPresent(VirtualDisk::close);
    }
  }
}
