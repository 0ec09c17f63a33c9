package dev.ratoon.protocol.api;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.Layout;
import dev.ratoon.model.ReplicaState;
import java.util.List;

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
      String cache,
      List<EntityName> hosts) {}

  /** A VM with a child of it. */
  public record ChildView(EntityName vm, String path, long storedBytes, boolean trashed) {}
}
