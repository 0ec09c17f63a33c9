package dev.ratoon.disk.copy;

import dev.ratoon.disk.Limits;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.WritableLayer;
import dev.ratoon.disk.scan.DiskScan;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;

/**
 * Writes what a guest reads from one disk into another, whatever their formats and chains. Only
 * what is stored is read, zeros are found and left out, and several threads read and write
 * different places at once.
 */
public final class Conversion {
  private Conversion() {}

  /**
   * Copies {@code source} into {@code target}, which reads as zeros so far. The target is neither
   * flushed nor closed.
   *
   * @param target at least as large as the source
   * @param parallelism threads, 1 to 64
   * @throws RatoonException {@code INVALID_VALUE}, {@code DISK_FULL}, {@code FILE_UNWRITABLE},
   *     {@code INTERRUPTED}, and what reading the source throws
   */
  public static void convert(
      VirtualDisk source, WritableDisk target, int parallelism, Progress progress) {
    if (target.size() < source.size()) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "copying into '" + target.top().file() + "'")
          .detail(
              "It has %d bytes, and %d are to be copied.".formatted(target.size(), source.size()))
          .asException();
    }
    int best = ((WritableLayer) target.top()).grainBytes();
    int zeroGrain = Math.min(best, Limits.CHUNK_BYTES);
    DiskScan.run(
        source,
        parallelism,
        Math.clamp(best, Limits.CHUNK_BYTES, DiskScan.MAX_PIECE_BYTES),
        progress,
        () ->
            (offset, content) ->
                DataRuns.of(content, zeroGrain, (at, run) -> target.write(offset + at, run)));
  }
}
