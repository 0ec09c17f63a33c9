package dev.ratoon.disk.vhdx;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.CreateOptions.Allocation;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Finding;
import dev.ratoon.disk.NativeId;
import dev.ratoon.disk.ParentLink;
import dev.ratoon.disk.WritableLayer;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** A VHDX file that is written to. Specified in docs/formats/vhdx.md. */
public final class VhdxWriter implements WritableLayer {
  private final VhdxParts parts;
  private final VhdxLayer reader;
  private final Saving saving;
  private final BlockWriter blocks;
  private volatile Optional<ParentLink> parent;

  private VhdxWriter(VhdxParts parts, Saving saving, Space space) {
    this.parts = parts;
    this.reader = new VhdxLayer(parts);
    this.saving = saving;
    this.blocks = new BlockWriter(parts, space, saving::beforeChange);
    this.parent = reader.parent();
  }

  /**
   * Makes a new disk of an empty file.
   *
   * @throws RatoonException {@code INVALID_VALUE} if the disk, or its parent, cannot be one of this
   *     format
   */
  public static VhdxWriter create(
      ImageFile file, long size, Optional<Backing> parent, CreateOptions.Vhdx options) {
    if (size % options.sectorBytes() != 0) {
      throw invalid(file, "Its size is to be a multiple of its sectors' size.");
    }
    if (parent.isPresent() && options.allocation() == Allocation.FIXED) {
      throw invalid(file, "A differencing disk is dynamic; it cannot be fixed.");
    }
    UUID diskId =
        parent
            .map(named -> ParentLocator.idOf(named, file.path()).virtualDisk())
            .orElseGet(UUID::randomUUID);
    Optional<ParentLocator> locator = parent.map(named -> ParentLocator.of(named, file.path()));
    VhdxParts parts = NewVhdx.write(file, size, options, diskId, locator);
    return new VhdxWriter(parts, Saving.ofNew(parts), Space.atEnd(file));
  }

  private static RatoonException invalid(ImageFile file, String why) {
    return Problem.of(ErrorCode.INVALID_VALUE, "making the disk '" + file.path() + "'")
        .detail(why)
        .asException();
  }

  /**
   * Takes over {@code file}. What its log says is put into its places first, and a damaged header
   * is written again; more is not changed before something is written.
   */
  public static VhdxWriter openWritable(ImageFile file) {
    VhdxParts found = VhdxParts.read(file);
    if (found.headers().current().hasLog()) {
      replay(found);
    } else if (found.headers().isDamaged()) {
      found.headers().update(header -> header.withFileWrite(UUID.randomUUID()));
    }
    VhdxParts parts = VhdxParts.read(file);
    LogArea.of(file, parts.headers().current());
    Space space = Space.around(file, BlockAudit.check(parts));
    return new VhdxWriter(parts, Saving.ofExisting(parts), space);
  }

  private static void replay(VhdxParts parts) {
    parts.headers().update(header -> header.withFileWrite(UUID.randomUUID()));
    parts.file().apply();
    parts.headers().update(header -> header.withLog(Structures.NO_GUID));
  }

  @Override
  public Path file() {
    return reader.file();
  }

  @Override
  public DiskFormat format() {
    return reader.format();
  }

  @Override
  public String variant() {
    return reader.variant();
  }

  @Override
  public long size() {
    return reader.size();
  }

  @Override
  public int sectorBytes() {
    return reader.sectorBytes();
  }

  @Override
  public Optional<ParentLink> parent() {
    return parent;
  }

  @Override
  public Optional<NativeId> nativeId() {
    return reader.nativeId();
  }

  @Override
  public Extent extentAt(long offset, long limit) {
    return reader.extentAt(offset, limit);
  }

  @Override
  public void read(long offset, ByteBuffer target) {
    reader.read(offset, target);
  }

  @Override
  public List<Finding> examine() {
    return Examination.of(parts, true);
  }

  @Override
  public void write(long offset, ByteBuffer source, Below below) {
    int limit = source.limit();
    saving.change(() -> {
      long at = offset;
      while (source.position() < limit) {
        long end = Math.min(blockEnd(at), at + limit - source.position());
        blocks.write(at, source.limit(source.position() + (int) (end - at)), below);
        source.limit(limit);
        at = end;
      }
    });
  }

  @Override
  public void zero(long offset, long length, Below below) {
    long end = offset + length;
    for (long at = offset; at < end; ) {
      long from = at;
      long to = Math.min(blockEnd(at), end);
      saving.change(() -> blocks.zero(from, to - from, below));
      at = to;
    }
  }

  private long blockEnd(long offset) {
    return parts.geometry().end(parts.geometry().blockAt(offset));
  }

  @Override
  public void relink(Backing named) {
    if (parent.isEmpty()) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "giving '" + file() + "' another parent")
          .detail("It has no parent: all of it is in this file.")
          .asException();
    }
    ParentLocator locator = ParentLocator.of(named, file());
    saving.commit(() -> LocatorChange.pages(parts.file(), parts.metadata(), locator));
    parent = Optional.of(locator.link(file(), parts.metadata().diskId()));
  }

  @Override
  public void flush() {
    saving.flush();
  }

  @Override
  public void close() {
    try {
      saving.finish();
    } finally {
      reader.close();
    }
  }
}
