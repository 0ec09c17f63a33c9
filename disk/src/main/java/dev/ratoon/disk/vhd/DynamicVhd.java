package dev.ratoon.disk.vhd;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Extent.Kind;
import dev.ratoon.disk.FileStamp;
import dev.ratoon.disk.Finding;
import dev.ratoon.disk.Finding.Severity;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.NativeId;
import dev.ratoon.disk.ParentLink;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads a VHD whose blocks have places of their own: dynamic or differencing. */
final class DynamicVhd implements Layer {
  private final ImageFile file;
  private final VhdFooter footer;
  private final VhdHeader header;
  private final BlockTable table;
  private final SectorBitmaps bitmaps;

  /** Takes over {@code file}. */
  DynamicVhd(ImageFile file, VhdFooter footer, VhdHeader header, BlockTable table) {
    this.file = file;
    this.footer = footer;
    this.header = header;
    this.table = table;
    this.bitmaps = new SectorBitmaps(file, table, header.blockBytes());
  }

  SectorBitmaps bitmaps() {
    return bitmaps;
  }

  boolean differencing() {
    return footer.type() == VhdFooter.Type.DIFFERENCING;
  }

  @Override
  public Path file() {
    return file.path();
  }

  @Override
  public DiskFormat format() {
    return DiskFormat.VHD;
  }

  @Override
  public String variant() {
    return "%s, blocks of %d KiB"
        .formatted(differencing() ? "differencing" : "dynamic", header.blockBytes() >> 10);
  }

  @Override
  public long size() {
    return footer.size();
  }

  @Override
  public Optional<ParentLink> parent() {
    return differencing()
        ? Optional.of(VhdParent.read(header, file).link(file.path()))
        : Optional.empty();
  }

  @Override
  public Optional<NativeId> nativeId() {
    return Optional.of(new NativeId.Vhd(footer.unique()));
  }

  @Override
  public Optional<FileStamp> stamp() {
    return file.stamp();
  }

  @Override
  public Extent extentAt(long offset, long limit) {
    int block = blockAt(offset);
    if (differencing() && table.isPresent(block)) {
      return sectorsAt(block, offset, Math.min(limit, end(block)));
    }
    boolean present = table.isPresent(block);
    while (end(block) < limit
        && table.isPresent(block + 1) == present
        && !(present && differencing())) {
      block++;
    }
    return new Extent(
        offset, Math.min(limit, end(block)) - offset, present ? Kind.DATA : Kind.HOLE);
  }

  private Extent sectorsAt(int block, long offset, long limit) {
    int first = sectorOf(offset);
    int last = sectorOf(limit - 1);
    SectorBitmap bitmap = bitmaps.of(block);
    boolean present = bitmap.get(first);
    long sectors = bitmap.runEnd(first, last + 1) - (long) first;
    long end = (offset & -Limits.SECTOR_BYTES) + sectors * Limits.SECTOR_BYTES;
    return new Extent(offset, Math.min(limit, end) - offset, present ? Kind.DATA : Kind.HOLE);
  }

  /** The sector of its block where {@code offset} lies. */
  int sectorOf(long offset) {
    return (int) (offset % header.blockBytes() / Limits.SECTOR_BYTES);
  }

  int blockAt(long offset) {
    return (int) (offset / header.blockBytes());
  }

  /** Where a block ends on the disk; behind the disk's end for the last one. */
  long end(int block) {
    return (block + 1L) * header.blockBytes();
  }

  @Override
  public void read(long offset, ByteBuffer target) {
    int limit = target.limit();
    long at = offset;
    while (target.position() < limit) {
      int block = blockAt(at);
      int count = (int) Math.min(limit - target.position(), end(block) - at);
      target.limit(target.position() + count);
      file.read(table.dataAt(block) + at % header.blockBytes(), target);
      target.limit(limit);
      at += count;
    }
  }

  @Override
  public List<Finding> examine() {
    List<Finding> findings = new ArrayList<>();
    try {
      table.audit();
    } catch (RatoonException e) {
      findings.add(new Finding(Severity.ERROR, e.problem().detail()));
    }
    if (VhdFooter.parse(file.bytes(file.length() - VhdFooter.BYTES, VhdFooter.BYTES), file.path())
        .isEmpty()) {
      findings.add(
          new Finding(
              Severity.LEAK,
              "It does not end with a footer: whoever wrote to it was cut off. Its content is"
                  + " right, and the next opening for writing puts one there."));
    }
    return findings;
  }

  @Override
  public void close() {
    file.close();
  }
}
