package dev.ratoon.disk.chain;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Finding;
import dev.ratoon.disk.Finding.Severity;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.scan.DiskScan;
import dev.ratoon.disk.scan.DiskScan.Visitor;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Looks for all that can be wrong with one file of a disk, whatever the other files of its chain
 * hold: its tables are audited as a stranger's would be, the format examines what it keeps, and
 * everything stored is read once, so that what is packed is unpacked.
 */
public final class FileCheck {
  private static final Visitor LOOK_AT_NOTHING = (_, _) -> {};

  private FileCheck() {}

  /**
   * What was found; nothing if the file is sound. What ends the reading of a damaged file is the
   * last finding.
   *
   * @param parallelism threads, 1 to 64
   * @param progress hears of the bytes of the disk
   * @throws RatoonException for what keeps the file from being looked at, rather than being a fault
   *     of its content: {@code NOT_AN_IMAGE}, {@code IMAGE_UNSUPPORTED}, {@code
   *     IMAGE_REFERS_OUTSIDE}, {@code FILE_UNREADABLE}, {@code INTERRUPTED}
   */
  public static List<Finding> of(Path file, DiskFormat format, int parallelism, Progress progress) {
    List<Finding> findings = new ArrayList<>();
    try (VirtualDisk alone =
        new LayeredDisk(List.of(VirtualDisks.layer(file, format, OpenRules.foreign())))) {
      findings.addAll(alone.top().examine());
      DiskScan.run(alone, parallelism, DiskScan.MAX_PIECE_BYTES, progress, () -> LOOK_AT_NOTHING);
    } catch (RatoonException e) {
      ErrorCode code = e.problem().code();
      if (code != ErrorCode.IMAGE_CORRUPT && code != ErrorCode.IMAGE_TRUNCATED) {
        throw e;
      }
      findings.add(new Finding(Severity.ERROR, e.problem().detail()));
    }
    return findings;
  }
}
