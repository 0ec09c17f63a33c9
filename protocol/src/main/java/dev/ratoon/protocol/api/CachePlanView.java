package dev.ratoon.protocol.api;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ImageRef;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What would leave one cache now, and why the rest would not.
 *
 * @param cache the host's name, or the share's
 * @param shared whether it is a share
 * @param policy that holds for it; nothing leaves without one
 * @param closed why nothing leaves it just now, whatever the policy says
 * @param takenBytes what its base disks take
 * @param freedBytes what would be free again
 */
public record CachePlanView(
    String cache,
    boolean shared,
    Optional<CachePolicy> policy,
    Optional<String> closed,
    long takenBytes,
    long totalBytes,
    long freeBytes,
    long freedBytes,
    List<Base> bases) {
  public CachePlanView {
    bases = List.copyOf(bases);
  }

  /**
   * A base disk in it.
   *
   * @param usedAt when a VM stood on it last, or it came
   * @param leaves whether it would go
   * @param why in words: why it would, or why not
   */
  public record Base(
      DiskId diskId,
      List<ImageRef> images,
      long storedBytes,
      Instant usedAt,
      boolean leaves,
      List<String> why) {
    public Base {
      images = List.copyOf(images);
      why = List.copyOf(why);
    }
  }
}
