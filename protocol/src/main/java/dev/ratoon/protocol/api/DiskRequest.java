package dev.ratoon.protocol.api;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.Problem;
import java.util.Optional;

/**
 * A disk to be made.
 *
 * @param image what it holds at first; empty for an empty disk, which then needs a size
 * @param sizeBytes what the guest sees; the image's size unless told
 * @param differencing whether it is a child of the image's base disk (true) or a whole copy
 *     (false); unless told, as the request, the image and the settings say, in that order
 */
public record DiskRequest(
    Optional<ImageRef> image, Optional<Long> sizeBytes, Optional<Boolean> differencing) {
  /**
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#INVALID_VALUE} if it has neither
   *     image nor size
   */
  public DiskRequest {
    if (image.isEmpty() && sizeBytes.isEmpty()) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading a disk request")
          .next("Name an image, or give the size of an empty disk.")
          .asException();
    }
    if (sizeBytes.isPresent() && (sizeBytes.get() <= 0 || sizeBytes.get() % 512 != 0)) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the disk size " + sizeBytes.get())
          .next("A disk's size is a multiple of 512 bytes and more than 0.")
          .asException();
    }
  }
}
