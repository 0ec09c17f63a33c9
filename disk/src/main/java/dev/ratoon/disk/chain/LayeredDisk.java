package dev.ratoon.disk.chain;

import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Extent.Kind;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.file.Zeros;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;

/**
 * What a guest sees of files that lie one on another. Each file is asked from the top for a
 * stretch; where it says nothing the next one decides, and where none does there are zeros. A file
 * that is shorter than its child reads as zeros behind its end, whatever lies below it.
 */
sealed class LayeredDisk implements VirtualDisk permits WritableLayeredDisk {
  private final List<Layer> layers;
  private final long size;

  /** Takes over the files, from the disk's own to the root. */
  LayeredDisk(List<? extends Layer> layers) {
    this.layers = List.copyOf(layers);
    this.size = layers.getFirst().size();
  }

  @Override
  public final long size() {
    return size;
  }

  @Override
  public final List<Layer> layers() {
    return layers;
  }

  @Override
  public final void read(long offset, ByteBuffer target) {
    Objects.checkFromIndexSize(offset, target.remaining(), size);
    read(0, offset, target);
  }

  /** Reads what the files from {@code index} on have. */
  final void read(int index, long offset, ByteBuffer target) {
    if (index == layers.size()) {
      Zeros.fill(target);
      return;
    }
    Layer layer = layers.get(index);
    int end = target.limit();
    long at = offset;
    while (target.position() < end) {
      long wanted = Math.min(at + end - target.position(), layer.size());
      if (at >= wanted) {
        Zeros.fill(target);
        return;
      }
      Extent extent = layer.extentAt(at, wanted);
      target.limit(target.position() + (int) extent.length());
      switch (extent.kind()) {
        case DATA -> layer.read(at, target);
        case ZERO -> Zeros.fill(target);
        case HOLE -> read(index + 1, at, target);
      }
      target.limit(end);
      at += extent.length();
    }
  }

  @Override
  public final Extent extentAt(long offset, long limit) {
    Limits.checkRange(offset, limit, size);
    Extent first = stretch(0, offset, limit);
    long end = first.end();
    while (end < limit) {
      Extent next = stretch(0, end, limit);
      if (next.kind() != first.kind()) {
        break;
      }
      end = next.end();
    }
    return new Extent(offset, end - offset, first.kind());
  }

  /** Part of an extent of the files from {@code index} on. */
  private Extent stretch(int index, long offset, long limit) {
    if (index == layers.size() || offset >= layers.get(index).size()) {
      return new Extent(offset, limit - offset, Kind.HOLE);
    }
    Layer layer = layers.get(index);
    Extent extent = layer.extentAt(offset, Math.min(limit, layer.size()));
    return extent.kind() == Kind.HOLE ? stretch(index + 1, offset, extent.end()) : extent;
  }

  @Override
  public void close() {
    closeAll(layers);
  }

  /** Closes every one, and then throws what the first failing one threw. */
  static void closeAll(List<? extends Layer> layers) {
    RuntimeException failure = null;
    for (Layer layer : layers) {
      try {
        layer.close();
      } catch (RuntimeException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
