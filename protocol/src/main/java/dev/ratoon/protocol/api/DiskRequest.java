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
 * @param parentPath the cache of its host in which the base of a child shall be, by that cache's
 *     folder; or the base's file where it is there already. Hosts that have no such cache, or have
 *     the base elsewhere, do not take the VM
 */
public record DiskRequest(
    Optional<ImageRef> image,
    Optional<Long> sizeBytes,
    Optional<Boolean> differencing,
    Optional<String> parentPath) {
  private static final int MOST_LETTERS = 4096;

  /** What the largest disk may have that can be read and written here. */
  private static final long MOST_BYTES = 64L << 40;

  /** One whose base may be in any cache of the host. */
  public DiskRequest(
      Optional<ImageRef> image, Optional<Long> sizeBytes, Optional<Boolean> differencing) {
    this(image, sizeBytes, differencing, Optional.empty());
  }

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
    parentPath.ifPresent(path -> check(path, image, differencing));
    if (sizeBytes.isPresent()
        && (sizeBytes.get() <= 0 || sizeBytes.get() > MOST_BYTES || sizeBytes.get() % 512 != 0)) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the disk size " + sizeBytes.get())
          .next("A disk's size is a multiple of 512 bytes, more than 0, and 64 TiB at most.")
          .asException();
    }
  }

  private static void check(String path, Optional<ImageRef> image, Optional<Boolean> differencing) {
    requireCachePath(path);
    if (image.isEmpty() || differencing.equals(Optional.of(false))) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the parent's path " + path)
          .detail("A disk that is empty, or a whole copy, has no parent.")
          .asException();
    }
  }

  /** Refuses what cannot be the path of a cache. */
  static void requireCachePath(String path) {
    boolean sound =
        path.startsWith("/")
            && path.length() <= MOST_LETTERS
            && path.indexOf('\0') < 0
            && !(path + "/").contains("/../")
            && !(path + "/").contains("/./")
            && !path.contains("//")
            && (path.length() == 1 || !path.endsWith("/"));
    if (!sound) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the parent's path")
          .next("Write the absolute path of a cache of the host, without '.', '..' or '//' in it.")
          .asException();
    }
  }
}
