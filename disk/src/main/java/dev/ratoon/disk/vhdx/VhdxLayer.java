package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.Structures.MIB;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Extent.Kind;
import dev.ratoon.disk.FileStamp;
import dev.ratoon.disk.Finding;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.NativeId;
import dev.ratoon.disk.ParentLink;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.disk.file.Zeros;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A VHDX file. Specified in docs/formats/vhdx.md. */
public final class VhdxLayer implements Layer {
  private final VhdxParts parts;
  private final ImageFile stored;

  VhdxLayer(VhdxParts parts) {
    this.parts = parts;
    this.stored = parts.file().stored();
  }

  /**
   * Takes over {@code file}.
   *
   * @param audited whether all tables are walked first, as a file from a stranger deserves
   */
  public static VhdxLayer open(ImageFile file, boolean audited) {
    VhdxParts parts = VhdxParts.read(file);
    if (audited) {
      BlockAudit.check(parts);
    }
    return new VhdxLayer(parts);
  }

  @Override
  public Path file() {
    return stored.path();
  }

  @Override
  public DiskFormat format() {
    return DiskFormat.VHDX;
  }

  @Override
  public String variant() {
    BlockGeometry geometry = parts.geometry();
    String kind =
        geometry.differencing() ? "differencing" : parts.metadata().fixed() ? "fixed" : "dynamic";
    return "%s, blocks of %d MiB, sectors of %d"
        .formatted(kind, geometry.blockBytes() / MIB, geometry.sectorBytes());
  }

  @Override
  public long size() {
    return parts.geometry().size();
  }

  @Override
  public int sectorBytes() {
    return parts.geometry().sectorBytes();
  }

  @Override
  public Optional<ParentLink> parent() {
    return parts.metadata().locator().map(l -> l.link(file(), parts.metadata().diskId()));
  }

  @Override
  public Optional<NativeId> nativeId() {
    return Optional.of(
        new NativeId.Vhdx(parts.headers().current().dataWrite(), parts.metadata().diskId()));
  }

  @Override
  public Optional<FileStamp> stamp() {
    return stored.stamp();
  }

  @Override
  public Extent extentAt(long offset, long limit) {
    BlockMap.Run run = parts.map().runAt(offset, limit);
    return switch (run.kind()) {
      case ABSENT -> new Extent(offset, run.length(), Kind.HOLE);
      case ZERO -> new Extent(offset, run.length(), Kind.ZERO);
      case STORED -> storedExtent(offset, run);
    };
  }

  /** What lies in a hole of the file is zero, and need not be read. */
  private Extent storedExtent(long offset, BlockMap.Run run) {
    if (parts.file().isChanged()) {
      return new Extent(offset, run.length(), Kind.DATA);
    }
    long data = stored.nextData(run.place());
    if (data > run.place()) {
      return new Extent(offset, Math.min(data - run.place(), run.length()), Kind.ZERO);
    }
    long hole = Math.max(stored.nextHole(run.place()), run.place() + 1);
    return new Extent(offset, Math.min(hole - run.place(), run.length()), Kind.DATA);
  }

  @Override
  public void read(long offset, ByteBuffer target) {
    int limit = target.limit();
    long at = offset;
    while (target.position() < limit) {
      BlockMap.Run run = parts.map().runAt(at, at + limit - target.position());
      target.limit(target.position() + (int) run.length());
      switch (run.kind()) {
        case STORED -> parts.file().read(run.place(), target);
        // What was data a moment ago was made zero by another thread.
        case ABSENT, ZERO -> Zeros.fill(target);
      }
      target.limit(limit);
      at += run.length();
    }
  }

  @Override
  public List<Finding> examine() {
    return Examination.of(parts, false);
  }

  @Override
  public void close() {
    stored.close();
  }
}
