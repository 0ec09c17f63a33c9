package dev.ratoon.disk.stream;

import dev.ratoon.disk.Limits;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.DiskPart;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.util.Optional;

/**
 * What a disk stream begins with.
 *
 * @param size bytes that the guest sees
 * @param base the id of the base disk that is sent, or that the overlay is a difference to; empty
 *     for {@link DiskPart#WHOLE}
 */
public record StreamHeader(DiskPart part, long size, Optional<DiskId> base) {

  /**
   * @throws RatoonException {@link ErrorCode#INVALID_VALUE} if there can be no such stream
   */
  public StreamHeader {
    if (size <= 0 || size % Limits.SECTOR_BYTES != 0 || size > Limits.MAX_DISK_BYTES) {
      throw invalid("A disk has a multiple of 512 bytes, up to 64 TiB, not " + size + ".");
    }
    if (base.isPresent() == (part == DiskPart.WHOLE)) {
      throw invalid("A base and an overlay have the id of a base disk, a whole disk has none.");
    }
  }

  /** Whether frames cover all of the disk, in whole chunks. */
  boolean covered() {
    return part != DiskPart.OVERLAY;
  }

  private static RatoonException invalid(String why) {
    return Problem.of(ErrorCode.INVALID_VALUE, "describing a disk stream")
        .detail(why)
        .asException();
  }
}
