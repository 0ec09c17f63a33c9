package dev.ratoon.disk.vhd;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.FileStamp;
import dev.ratoon.disk.NativeId;
import dev.ratoon.disk.ParentLink;
import dev.ratoon.disk.WritableLayer;
import dev.ratoon.disk.raw.RawLayer;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;

/** A VHD that is the disk's bytes and a footer, which never changes. */
final class FixedVhd implements WritableLayer {
  private final RawLayer bytes;
  private final UUID unique;

  /** Takes over {@code bytes}. */
  FixedVhd(RawLayer bytes, UUID unique) {
    this.bytes = bytes;
    this.unique = unique;
  }

  @Override
  public Path file() {
    return bytes.file();
  }

  @Override
  public DiskFormat format() {
    return DiskFormat.VHD;
  }

  @Override
  public String variant() {
    return "fixed";
  }

  @Override
  public long size() {
    return bytes.size();
  }

  @Override
  public Optional<ParentLink> parent() {
    return Optional.empty();
  }

  @Override
  public Optional<NativeId> nativeId() {
    return Optional.of(new NativeId.Vhd(unique));
  }

  @Override
  public Optional<FileStamp> stamp() {
    return bytes.stamp();
  }

  @Override
  public Extent extentAt(long offset, long limit) {
    return bytes.extentAt(offset, limit);
  }

  @Override
  public void read(long offset, ByteBuffer target) {
    bytes.read(offset, target);
  }

  @Override
  public void write(long offset, ByteBuffer source, Below below) {
    bytes.write(offset, source, below);
  }

  @Override
  public int grainBytes() {
    return bytes.grainBytes();
  }

  @Override
  public void zero(long offset, long length, Below below) {
    bytes.zero(offset, length, below);
  }

  @Override
  public void relink(Backing parent) {
    throw Problem.of(ErrorCode.INVALID_VALUE, "giving '" + file() + "' another parent")
        .detail("It has none: it is a fixed VHD.")
        .asException();
  }

  @Override
  public void flush() {
    bytes.flush();
  }

  @Override
  public void close() {
    bytes.close();
  }
}
