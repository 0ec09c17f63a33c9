package dev.ratoon.protocol.api;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.Problem;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.model.ShareKind;
import dev.ratoon.model.ShareState;
import java.util.List;
import java.util.Optional;

/**
 * A cache that several hosts share.
 *
 * @param cluster whose hosts use it, if none was named
 * @param user as whom hosts speak to the file server, where they do themselves
 * @param hosts those that use it
 * @param bases what is there, as any host sees it, and what is to come
 */
public record ShareView(
    EntityName name,
    ShareKind kind,
    String location,
    Optional<EntityName> cluster,
    Optional<String> user,
    List<HostOfShare> hosts,
    List<BaseOnShare> bases) {

  /**
   * The share as one host finds it.
   *
   * @param problem why the host cannot use it just now
   * @param freeBytes what was free when it was last looked at
   * @param vms those of the host that stand on it
   */
  public record HostOfShare(
      EntityName name,
      ShareState state,
      Optional<Problem> problem,
      long freeBytes,
      List<EntityName> vms) {}

  /**
   * A base on the share.
   *
   * @param percent how much of it is there; less than 100 only while a host is putting it there
   * @param problem why putting it there failed last
   */
  public record BaseOnShare(
      DiskId diskId,
      List<ImageRef> images,
      ReplicaState state,
      long sizeBytes,
      long storedBytes,
      int percent,
      Optional<Problem> problem) {}
}
