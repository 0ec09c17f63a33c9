package dev.ratoon.protocol.api;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.util.Optional;

/**
 * Another cache of its host for what a VM's disks stand on.
 *
 * @param disk the one disk that is meant, counted from 0; empty for all that stand on a base disk
 * @param cache {@link #LOCAL} for the host's own, or a share by its name, or the folder of either
 */
public record MoveDiskRequest(Optional<Integer> disk, String cache) {
  /** The word for a host's own cache. */
  public static final String LOCAL = "local";

  /**
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#INVALID_VALUE} if there can be no
   *     such disk or cache
   */
  public MoveDiskRequest {
    if (disk.filter(number -> number < 0).isPresent()) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the disk's number " + disk.get())
          .next("Disks are counted from 0.")
          .asException();
    }
    if (cache.startsWith("/")) {
      DiskRequest.requireCachePath(cache);
    } else {
      EntityName _ = new EntityName(cache);
    }
  }

  /** Whether it is meant by its folder. */
  public boolean isFolder() {
    return cache.startsWith("/");
  }
}
