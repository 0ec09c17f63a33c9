package dev.ratoon.disk;

import dev.ratoon.disk.Extent.Kind;
import java.nio.ByteBuffer;
import java.util.List;

/** A disk of layers in memory, from its own to the root; what none of them says is zero. */
public record LayerDisk(List<Layer> layers) implements VirtualDisk {

  public LayerDisk(Layer... layers) {
    this(List.of(layers));
  }

  @Override
  public long size() {
    return top().size();
  }

  @Override
  public void read(long offset, ByteBuffer target) {
    int end = target.limit();
    long at = offset;
    while (target.position() < end) {
      long next =
          Math.min(
              at - at % Limits.SECTOR_BYTES + Limits.SECTOR_BYTES, at + end - target.position());
      target.limit(target.position() + (int) (next - at));
      readPart(at, next, target);
      target.limit(end);
      at = next;
    }
  }

  private void readPart(long offset, long end, ByteBuffer target) {
    for (Layer layer : layers) {
      Kind kind = offset < layer.size() ? layer.extentAt(offset, end).kind() : Kind.ZERO;
      if (kind == Kind.DATA) {
        layer.read(offset, target);
        return;
      }
      if (kind == Kind.ZERO) {
        break;
      }
    }
    target.put(new byte[target.remaining()]);
  }

  @Override
  public Extent extentAt(long offset, long limit) {
    long end = limit;
    for (Layer layer : layers) {
      if (offset >= layer.size()) {
        break;
      }
      Extent extent = layer.extentAt(offset, Math.min(end, layer.size()));
      if (extent.kind() != Kind.HOLE) {
        return extent;
      }
      end = extent.end();
    }
    return new Extent(offset, end - offset, Kind.HOLE);
  }

  @Override
  public void close() {}
}
