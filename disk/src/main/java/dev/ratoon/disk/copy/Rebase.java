package dev.ratoon.disk.copy;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.scan.DiskScan;
import dev.ratoon.model.RatoonException;
import java.util.concurrent.atomic.LongAdder;

/**
 * Gives a differencing disk a parent of other content without changing what its guest reads:
 * whatever differs between the parents, and is not hidden by the child's own data, is first written
 * into the child.
 *
 * <p>That order makes it safe to be cut off at any moment. What is copied into the child is what it
 * read there anyway, so that under its present parent nothing changes; only when all of it is
 * durable is the new parent recorded, in one step.
 */
public final class Rebase {
  private Rebase() {}

  /**
   * A parent and what is known of its content.
   *
   * @param manifest of what {@code disk} reads as
   */
  public record Parent(VirtualDisk disk, Manifest manifest) {}

  /**
   * Writes into {@code child} what differs between its parents, then makes {@code next} its parent.
   *
   * @param child opened with its present parent, and to be opened anew to be used on
   * @param present the child's present parent, with its own parents
   * @param recorded what the child's file is to say of {@code next}
   * @param parallelism threads, 1 to 64
   * @param progress hears of the child's bytes
   * @return bytes that were copied
   * @throws RatoonException what reading and writing throws; the child is then as it was for its
   *     guest, and its parent is the present one
   */
  public static long copyDifferences(
      WritableDisk child,
      Parent present,
      Parent next,
      Backing recorded,
      int parallelism,
      Progress progress) {
    LongAdder copied = new LongAdder();
    DiskScan.run(
        new DifferingChunks(child, present, next),
        parallelism,
        Limits.CHUNK_BYTES,
        progress,
        () -> new Keeper(child, next.disk(), copied));
    child.flush();
    child.relink(recorded);
    return copied.sum();
  }
}
