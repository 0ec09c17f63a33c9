package dev.ratoon.protocol.agent;

import dev.ratoon.model.DiskId;
import java.util.Optional;

/**
 * One disk of a VM.
 *
 * @param base the base disk under it; empty for a new, empty disk
 * @param sizeBytes what the guest sees; at least the base's size
 * @param differencing whether it is a child of the base; otherwise it is a whole copy of it
 * @param parentPath the cache of the host in which its base shall be, by the cache's folder or the
 *     base's file there; empty to leave that to the host
 */
public record DesiredDisk(
    Optional<DiskId> base, long sizeBytes, boolean differencing, Optional<String> parentPath) {

  /** One whose base may be in any cache of the host. */
  public DesiredDisk(Optional<DiskId> base, long sizeBytes, boolean differencing) {
    this(base, sizeBytes, differencing, Optional.empty());
  }
}
