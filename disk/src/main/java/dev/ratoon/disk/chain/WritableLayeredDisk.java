package dev.ratoon.disk.chain;

import dev.ratoon.disk.Backing;
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

  /** Takes over the files. */
  WritableLayeredDisk(WritableLayer top, List<Layer> parents) {
    super(Stream.concat(Stream.of(top), parents.stream()).toList());
    this.top = top;
  }

  @Override
  public void write(long offset, ByteBuffer source) {
    Objects.checkFromIndexSize(offset, source.remaining(), size());
    top.write(offset, source, this::readBelow);
  }

  @Override
  public void zero(long offset, long length) {
    Objects.checkFromIndexSize(offset, length, size());
    if (length > 0) {
      top.zero(offset, length, this::readBelow);
    }
  }

  private void readBelow(long offset, ByteBuffer target) {
    read(1, offset, target);
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
