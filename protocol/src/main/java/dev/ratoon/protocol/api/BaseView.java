package dev.ratoon.protocol.api;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.Layout;
import dev.ratoon.model.ReplicaState;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A base disk, where it lies and who needs it.
 *
 * @param images the names it has
 * @param children the VMs whose disks are children of it
 */
public record BaseView(
    DiskId diskId,
    long sizeBytes,
    List<ReplicaView> replicas,
    List<ImageRef> images,
    List<ChildView> children) {

  /**
   * One copy of it, in the cache of one host, or on a share.
   *
   * @param percent how much of it is there; less than 100 only while it is arriving
   * @param verifiedAt when all of its content was last found to be what it should be
   * @param cache the share on which it is; empty for the host's own cache
   * @param hosts those that see it there
   */
  public record ReplicaView(
      EntityName host,
      Layout layout,
      ReplicaState state,
      String path,
      long storedBytes,
      int percent,
      Optional<Instant> verifiedAt,
      String cache,
      List<EntityName> hosts) {}

  /**
   * A VM with a child of it.
   *
   * @param suspicion why its own file, or the one that it stands on, or has open while it runs,
   *     cannot be relied on; empty if it is
   */
  public record ChildView(
      EntityName vm, String path, long storedBytes, boolean trashed, Optional<String> suspicion) {}
}
