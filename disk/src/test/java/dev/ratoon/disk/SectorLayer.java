package dev.ratoon.disk;

import dev.ratoon.disk.Extent.Kind;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;

/** A file of a disk in memory, which says of each sector whether it is stored, zero or nothing. */
public final class SectorLayer implements Layer {
  public final Kind[] kinds;
  public final byte[] content;
  private long bytesRead;

  public SectorLayer(int size) {
    kinds = new Kind[size / Limits.SECTOR_BYTES];
    Arrays.fill(kinds, Kind.HOLE);
    content = new byte[size];
  }

  /** Runs of all kinds, from one sector to some hundred KiB, stored zeros among them. */
  public static SectorLayer random(Random random, int size) {
    SectorLayer layer = new SectorLayer(size);
    for (int at = 0; at < size; ) {
      int sectors = 1 + random.nextInt(random.nextBoolean() ? 8 : 600);
      int end = Math.min(size, at + sectors * Limits.SECTOR_BYTES);
      switch (random.nextInt(5)) {
        case 0 -> {}
        case 1 -> layer.zero(at, end);
        case 2 -> layer.store(at, new byte[end - at]);
        case 3 -> {
          byte[] noise = new byte[end - at];
          random.nextBytes(noise);
          layer.store(at, noise);
        }
        default -> {
          byte[] same = new byte[end - at];
          Arrays.fill(same, (byte) (1 + random.nextInt(255)));
          layer.store(at, same);
        }
      }
      at = end;
    }
    return layer;
  }

  public void store(int offset, byte[] bytes) {
    System.arraycopy(bytes, 0, content, offset, bytes.length);
    mark(offset, offset + bytes.length, Kind.DATA);
  }

  public void zero(int from, int to) {
    mark(from, to, Kind.ZERO);
  }

  private void mark(int from, int to, Kind kind) {
    Arrays.fill(kinds, from / Limits.SECTOR_BYTES, to / Limits.SECTOR_BYTES, kind);
  }

  @Override
  public Extent extentAt(long offset, long limit) {
    Limits.checkRange(offset, limit, size());
    Kind kind = kinds[(int) (offset / Limits.SECTOR_BYTES)];
    long end = offset;
    while (end < limit && kinds[(int) (end / Limits.SECTOR_BYTES)] == kind) {
      end = Math.min(limit, end - end % Limits.SECTOR_BYTES + Limits.SECTOR_BYTES);
    }
    return new Extent(offset, end - offset, kind);
  }

  @Override
  public void read(long offset, ByteBuffer target) {
    int length = target.remaining();
    for (int at = 0; at < length; at += Limits.SECTOR_BYTES) {
      if (kinds[((int) offset + at) / Limits.SECTOR_BYTES] != Kind.DATA) {
        throw new AssertionError("read what is not stored, at " + (offset + at));
      }
    }
    target.put(content, (int) offset, length);
    bytesRead += length;
  }

  /** How much of it was asked for so far. */
  public long bytesRead() {
    return bytesRead;
  }

  @Override
  public Path file() {
    return Path.of("/memory");
  }

  @Override
  public DiskFormat format() {
    return DiskFormat.QCOW2;
  }

  @Override
  public String variant() {
    return "in memory";
  }

  @Override
  public long size() {
    return content.length;
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
  public void close() {}
}
