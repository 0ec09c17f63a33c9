package dev.ratoon.disk.chain;

import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Extent.Kind;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.VirtualDisk;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** Which file of a chain decides what a guest reads, stretch by stretch. */
public final class ChainMap {
  private final List<Layer> layers;

  private ChainMap(List<Layer> layers) {
    this.layers = layers;
  }

  /**
   * @param depth the file that decides, counted from the disk's own, which is 0; empty for holes
   */
  public record Stretch(Extent extent, OptionalInt depth) {
    private boolean goesOnAs(Stretch next) {
      return extent.kind() == next.extent.kind() && depth.equals(next.depth);
    }

    private Stretch until(long end) {
      long offset = extent.offset();
      return new Stretch(new Extent(offset, end - offset, extent.kind()), depth);
    }
  }

  /** All stretches of {@code disk}, in order; neighbours differ. */
  public static List<Stretch> of(VirtualDisk disk) {
    ChainMap map = new ChainMap(disk.layers());
    List<Stretch> stretches = new ArrayList<>();
    for (long at = 0; at < disk.size(); ) {
      Stretch next = map.stretch(0, at, disk.size());
      at = next.extent().end();
      if (!stretches.isEmpty() && stretches.getLast().goesOnAs(next)) {
        next = stretches.removeLast().until(at);
      }
      stretches.add(next);
    }
    return stretches;
  }

  /** A stretch as the files from {@code depth} on have it, maybe not the whole of it. */
  private Stretch stretch(int depth, long offset, long limit) {
    if (depth == layers.size() || offset >= layers.get(depth).size()) {
      // What lies below a file that ends here is not seen.
      return new Stretch(new Extent(offset, limit - offset, Kind.HOLE), OptionalInt.empty());
    }
    Layer layer = layers.get(depth);
    Extent extent = layer.extentAt(offset, Math.min(limit, layer.size()));
    return extent.kind() == Kind.HOLE
        ? stretch(depth + 1, offset, extent.end())
        : new Stretch(extent, OptionalInt.of(depth));
  }
}
