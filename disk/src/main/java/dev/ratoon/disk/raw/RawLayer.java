package dev.ratoon.disk.raw;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Extent.Kind;
import dev.ratoon.disk.FileStamp;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.NativeId;
import dev.ratoon.disk.ParentLink;
import dev.ratoon.disk.WritableLayer;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;

/** A disk that is its file, byte for byte. Specified in docs/formats/raw.md. */
public final class RawLayer implements WritableLayer {
  private static final int ZEROS_AT_ONCE = 1 << 16;

  /** Smaller holes cost more in extents of the file system than they save. */
  private static final int HOLE_BYTES = 16 << 10;

  private final ImageFile file;
  private final long size;

  /** The one that was found last, none at first. A hole that somebody makes in it reads the same. */
  private volatile Extent lastData = new Extent(-1, 1, Kind.DATA);

  private RawLayer(ImageFile file, long size) {
    this.file = file;
    this.size = size;
  }

  /** Takes over {@code file}, if its length can be that of a disk. */
  public static RawLayer of(ImageFile file) {
    long length = file.length();
    if (length == 0) {
      throw Faults.notAnImage(
          file.path(), "The file is empty.", "Name the file of a disk; was it downloaded whole?");
    }
    if (length % Limits.SECTOR_BYTES != 0) {
      throw Faults.notAnImage(
          file.path(),
          "Its length, " + length + " bytes, is not a multiple of 512, as a raw disk's is.",
          "If it is a disk that was cut, copy it again; if it is packed, unpack it.");
    }
    if (length > Limits.MAX_DISK_BYTES) {
      throw Faults.unsupported(file.path(), "It is larger than 64 TiB.", "Use a smaller disk.");
    }
    return new RawLayer(file, file.length());
  }

  /** Makes a new disk of zeros, a file that is one hole, of an empty file. */
  public static RawLayer create(ImageFile file, long size) {
    file.setLength(size);
    return new RawLayer(file, file.length());
  }

  /** The first {@code size} bytes of a file of another format, which keeps its disk so. */
  public static RawLayer beginning(ImageFile file, long size) {
    return new RawLayer(file, size);
  }

  @Override
  public Path file() {
    return file.path();
  }

  @Override
  public DiskFormat format() {
    return DiskFormat.RAW;
  }

  @Override
  public String variant() {
    return "as the guest reads it";
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public Optional<ParentLink> parent() {
    return Optional.empty();
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
    Extent known = lastData;
    if (offset >= known.offset() && offset < known.end()) {
      return new Extent(offset, Math.min(known.end(), limit) - offset, Kind.DATA);
    }
    long data = file.nextData(offset);
    if (data > offset) {
      return new Extent(offset, Math.min(data, limit) - offset, Kind.HOLE);
    }
    long hole = Math.max(file.nextHole(offset), offset + 1);
    lastData = new Extent(offset, hole - offset, Kind.DATA);
    return new Extent(offset, Math.min(hole, limit) - offset, Kind.DATA);
  }

  @Override
  public void read(long offset, ByteBuffer target) {
    file.read(offset, target);
  }

  @Override
  public void write(long offset, ByteBuffer source, Below below) {
    file.write(offset, source);
  }

  @Override
  public int grainBytes() {
    return HOLE_BYTES;
  }

  @Override
  public void zero(long offset, long length, Below below) {
    ByteBuffer zeros = ByteBuffer.allocate((int) Math.min(length, ZEROS_AT_ONCE));
    long end = offset + length;
    for (long at = offset; at < end; ) {
      Extent extent = extentAt(at, end);
      if (extent.kind() == Kind.DATA) {
        int count = (int) Math.min(extent.length(), zeros.capacity());
        file.write(at, zeros.clear().limit(count));
        at += count;
      } else {
        at = extent.end();
      }
    }
  }

  @Override
  public void relink(Backing parent) {
    throw Problem.of(ErrorCode.INVALID_VALUE, "giving '" + file.path() + "' another parent")
        .detail("A raw file has no parent.")
        .asException();
  }

  @Override
  public void flush() {
    file.force();
  }

  @Override
  public void close() {
    file.close();
  }
}
