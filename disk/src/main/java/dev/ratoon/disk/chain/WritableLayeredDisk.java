package dev.ratoon.disk.chain;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.ChunkSet;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.WritableLayer;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** Layers of which the top one is written. */
final class WritableLayeredDisk extends LayeredDisk implements WritableDisk {
  private final WritableLayer top;
  private final ChunkSet changed;

  /** Takes over the files. */
  WritableLayeredDisk(WritableLayer top, List<Layer> parents) {
    super(Stream.concat(Stream.of(top), parents.stream()).toList());
    this.top = top;
    this.changed = new ChunkSet(top.size());
  }

  @Override
  public void write(long offset, ByteBuffer source) {
    Objects.checkFromIndexSize(offset, source.remaining(), size());
    // Before the writing: if it fails, part of it may be done.
    changed.addRange(offset, source.remaining());
    top.write(offset, source, this::readBelow);
  }

  @Override
  public void zero(long offset, long length) {
    Objects.checkFromIndexSize(offset, length, size());
    if (length > 0) {
      changed.addRange(offset, length);
      top.zero(offset, length, this::readBelow);
    }
  }

  private void readBelow(long offset, ByteBuffer target) {
    read(1, offset, target);
  }

  @Override
  public ChunkSet changed() {
    return changed;
  }

  @Override
  public void relink(Backing parent) {
    top.relink(parent);
  }

  @Override
  public void flush() {
    top.flush();
  }
}
