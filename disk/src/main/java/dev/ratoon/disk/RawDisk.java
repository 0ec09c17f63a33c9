package dev.ratoon.disk;

import dev.ratoon.disk.Extent.Kind;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** A disk that is its file, byte for byte. Specified in docs/formats/raw.md. */
final class RawDisk implements VirtualDisk {
  private final ImageFile file;

  private RawDisk(ImageFile file) {
    this.file = file;
  }

  /** Takes over {@code file}, if its length can be that of a disk. */
  static RawDisk of(ImageFile file) {
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
    return new RawDisk(file);
  }

  @Override
  public long size() {
    return file.length();
  }

  @Override
  public DiskFormat format() {
    return DiskFormat.RAW;
  }

  @Override
  public void read(long offset, ByteBuffer target) {
    Objects.checkFromIndexSize(offset, target.remaining(), size());
    file.read(offset, target);
  }

  @Override
  public Extent extentAt(long offset, long limit) {
    Limits.checkRange(offset, limit, size());
    long data = file.nextData(offset);
    if (data > offset) {
      return new Extent(offset, Math.min(data, limit) - offset, Kind.HOLE);
    }
    long hole = Math.max(file.nextHole(offset), offset + 1);
    return new Extent(offset, Math.min(hole, limit) - offset, Kind.DATA);
  }

  @Override
  public List<Path> files() {
    return List.of(file.path());
  }

  @Override
  public Optional<Backing> backing() {
    return Optional.empty();
  }

  @Override
  public void close() {
    file.close();
  }
}
