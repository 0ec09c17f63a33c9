package dev.ratoon.cache.share;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.util.HashSet;
import java.util.Set;

/**
 * The bases on a share that are about to leave it: nothing new begins on them. What stands on one
 * goes on, until this host has promised that nothing does.
 */
final class Withheld {
  private final EntityName share;
  private final Set<DiskId> bases = new HashSet<>();
  private final Set<DiskId> promised = new HashSet<>();

  Withheld(EntityName share) {
    this.share = share;
  }

  /** From now on these, and no others. */
  synchronized void set(Set<DiskId> all) {
    bases.retainAll(all);
    bases.addAll(all);
    promised.retainAll(all);
  }

  synchronized boolean has(DiskId id) {
    return bases.contains(id);
  }

  /** From now on not even what stands on it goes on; false if it is not about to leave. */
  synchronized boolean promise(DiskId id) {
    return bases.contains(id) && (promised.contains(id) || promised.add(id));
  }

  /** Something does stand on it. */
  synchronized void takeBack(DiskId id) {
    promised.remove(id);
  }

  synchronized boolean isPromised(DiskId id) {
    return promised.contains(id);
  }

  /**
   * @throws RatoonException {@code share-unavailable} if nothing new may begin on it
   */
  void requireOpen(DiskId id, String doing) {
    if (has(id)) {
      throw leaving(doing);
    }
  }

  /**
   * @throws RatoonException {@code share-unavailable} if not even what stands on it may go on
   */
  void requireNotPromised(DiskId id, String doing) {
    if (isPromised(id)) {
      throw leaving(doing);
    }
  }

  private RatoonException leaving(String doing) {
    return Problem.of(ErrorCode.SHARE_UNAVAILABLE, doing)
        .detail("The base disk is about to leave the share '" + share + "'.")
        .next("It is tried again; 'ratoon cache plan' shows what leaves, and why.")
        .asException();
  }
}
