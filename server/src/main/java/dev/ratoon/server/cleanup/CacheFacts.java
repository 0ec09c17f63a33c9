package dev.ratoon.server.cleanup;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Layout;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.protocol.api.CachePolicy;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * One cache, as its host reported it.
 *
 * @param key that no other cache has
 * @param name as users know it
 * @param host whose own it is; empty for a share
 * @param policy that holds for it
 * @param closed why nothing leaves it just now; its replicas do not count as such then either
 * @param library whether images are imported into it, and others bring bases from there
 * @param totalBytes of its file system
 * @param freeBytes on its file system
 */
public record CacheFacts(
    String key,
    String name,
    Optional<HostId> host,
    Optional<CachePolicy> policy,
    Optional<String> closed,
    boolean library,
    long totalBytes,
    long freeBytes,
    List<Held> bases) {
  public CacheFacts {
    bases = List.copyOf(bases);
  }

  /** What its base disks take. */
  public long takenBytes() {
    return bases.stream()
        .filter(base -> base.layout() != Layout.ADOPTED)
        .mapToLong(Held::storedBytes)
        .sum();
  }

  /**
   * A base in it.
   *
   * @param parent the base in the same cache to which it is a difference
   * @param usedAt when it was used last, or came
   * @param needs what may need it where it lies, in words
   * @param leaving whether it is being removed already
   */
  public record Held(
      DiskId id,
      Layout layout,
      ReplicaState state,
      long storedBytes,
      Optional<DiskId> parent,
      Instant usedAt,
      List<String> needs,
      boolean leaving) {
    public Held {
      needs = List.copyOf(needs);
    }

    /** Whether others can count on it. */
    boolean isSound() {
      return state == ReplicaState.READY && layout != Layout.ADOPTED && !leaving;
    }
  }
}
