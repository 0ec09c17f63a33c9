package dev.ratoon.disk;

import dev.ratoon.disk.chain.PartialChain;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Set;

/** Does to a file whatever an import may do, and judges how that ends. */
public final class DiskProbe {
  private static final long READ_LIMIT = 4 << 20;

  /** What may be said of a file, as opposed to what is said of the host or of us. */
  private static final Set<ErrorCode> REFUSALS =
      Set.of(
          ErrorCode.NOT_AN_IMAGE,
          ErrorCode.IMAGE_TRUNCATED,
          ErrorCode.IMAGE_CORRUPT,
          ErrorCode.IMAGE_UNSUPPORTED,
          ErrorCode.IMAGE_REFERS_OUTSIDE);

  private DiskProbe() {}

  /** Opens the file as foreign and reads it in part; anything but a refusal is an error. */
  public static void readAll(Path file) {
    examine(file);
    try (VirtualDisk disk = VirtualDisks.open(file, OpenRules.foreign())) {
      ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 17);
      long end = Math.min(disk.size(), READ_LIMIT);
      for (long at = 0; at < end; at += buffer.capacity()) {
        disk.read(at, buffer.clear().limit((int) Math.min(buffer.capacity(), end - at)));
      }
      disk.read(disk.size() - 512, buffer.clear().limit(512));
      long limit = Math.min(disk.size(), 1L << 32);
      for (long at = 0; at < limit; ) {
        at = disk.extentAt(at, limit).end();
      }
    } catch (RatoonException e) {
      if (!REFUSALS.contains(e.problem().code())) {
        throw e;
      }
    }
  }

  /** Examines the file, also if its tables would have it refused before. */
  private static void examine(Path file) {
    try (PartialChain chain =
        VirtualDisks.openWhatIsThere(file, VirtualDisks.formatOf(file), OpenRules.chain(1))) {
      chain.layers().getFirst().examine();
    } catch (RatoonException e) {
      if (!REFUSALS.contains(e.problem().code())) {
        throw e;
      }
    }
  }
}
