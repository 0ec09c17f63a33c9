package dev.ratoon.disk.vhdx;

import dev.ratoon.disk.Extent;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Set;

/** Does to a file whatever an import or a chain may do, and judges how that ends. */
final class VhdxProbe {
  private static final long READ_LIMIT = 3 << 20;

  /** What may be said of a file, as opposed to what is said of the host or of us. */
  private static final Set<ErrorCode> REFUSALS =
      Set.of(
          ErrorCode.NOT_AN_IMAGE,
          ErrorCode.IMAGE_TRUNCATED,
          ErrorCode.IMAGE_CORRUPT,
          ErrorCode.IMAGE_UNSUPPORTED);

  private VhdxProbe() {}

  /** Opens the file and reads it in part; anything but a refusal is an error. False if refused. */
  static boolean readAll(Path path) {
    boolean asAStranger = read(path, true);
    return read(path, false) && asAStranger;
  }

  private static boolean read(Path path, boolean audited) {
    try (ImageFile file = ImageFile.open(path)) {
      VhdxLayer layer = VhdxLayer.open(file, audited);
      layer.parent();
      layer.examine();
      ByteBuffer buffer = ByteBuffer.allocate(1 << 17);
      long size = layer.size();
      long at = 0;
      while (at < Math.min(size, READ_LIMIT)) {
        Extent extent = layer.extentAt(at, Math.min(size, at + buffer.capacity()));
        if (extent.offset() != at || extent.length() <= 0) {
          throw new AssertionError(extent);
        }
        if (extent.kind() == Extent.Kind.DATA) {
          layer.read(at, buffer.clear().limit((int) extent.length()));
        }
        at = extent.end();
      }
      layer.extentAt(size - 512, size);
      return true;
    } catch (RatoonException e) {
      if (!REFUSALS.contains(e.problem().code())) {
        throw e;
      }
      return false;
    }
  }
}
