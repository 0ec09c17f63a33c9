package dev.ratoon.agent.share;

import dev.ratoon.agent.bases.Bases;
import dev.ratoon.cache.Base;
import dev.ratoon.cache.Cache;
import dev.ratoon.cache.arrival.Priority;
import dev.ratoon.cache.share.Claim;
import dev.ratoon.cache.share.Lease;
import dev.ratoon.cache.share.Share;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.ShareState;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Brings a base to that cache of this host which a user has chosen for it: its own, or a share that
 * it has mounted, by the folder of that cache; or by the base's file in one. Nothing else can be
 * chosen, so that nobody makes this host write or read elsewhere.
 */
public final class ChosenCaches {
  private static final long LOOK_MILLIS = 250;

  private final Cache own;
  private final Shares shares;
  private final Bases bases;

  /**
   * @param bases brings what is not here
   */
  public ChosenCaches(Cache own, Shares shares, Bases bases) {
    this.own = own;
    this.shares = shares;
    this.bases = bases;
  }

  /**
   * The base in the chosen cache, ready to have children; waits until it has been brought there.
   *
   * @throws RatoonException {@code wrong-state} if the host has no such cache, {@code
   *     share-unavailable}, and what {@link Bases#ready} throws
   */
  public Base ready(DiskId id, Path chosen, Priority priority, Bases.Progress progress)
      throws InterruptedException {
    Optional<Share> share = share(shares, id, chosen);
    if (share.isPresent()) {
      return onShare(share.get(), id, priority, progress);
    }
    if (isOwn(own, id, chosen)) {
      return bases.readyHere(id, priority, progress);
    }
    throw noSuchCache(own, shares, id, chosen);
  }

  static boolean isOwn(Cache own, DiskId id, Path chosen) {
    return chosen.equals(own.root()) || own.find(id, chosen).isPresent();
  }

  static Optional<Share> share(Shares shares, DiskId id, Path chosen) {
    return shares.mounted().stream()
        .filter(share ->
            share.folder().equals(Optional.of(chosen))
                || share.path(id).equals(Optional.of(chosen)))
        .findFirst();
  }

  static RatoonException noSuchCache(Cache own, Shares shares, DiskId id, Path chosen) {
    List<String> folders = new ArrayList<>(List.of(own.root().toString()));
    shares.mounted().forEach(share -> share.folder().ifPresent(f -> folders.add(f.toString())));
    return Problem.of(
            ErrorCode.WRONG_STATE, "bringing base disk " + id.shortForm() + " to " + chosen)
        .detail("The host has no cache there. It has: " + String.join(", ", folders) + ".")
        .next("Choose one of these, or none, and the host does.")
        .asException();
  }

  private Base onShare(Share share, DiskId id, Priority priority, Bases.Progress progress)
      throws InterruptedException {
    boolean tried = false;
    while (!share.has(id)) {
      if (share.state() != ShareState.READY) {
        throw unavailable(share, id, share.problem());
      }
      Optional<Problem> failed = tried ? shares.failure(share.name(), id) : Optional.empty();
      if (failed.isPresent()) {
        throw failed.get().asException();
      }
      switch (share.claim(id)) {
        case Claim.Taken(Lease lease) -> {
          bring(share, lease, priority, progress);
          tried = true;
        }
        case Claim.There() -> requireFit(share, id);
        case Claim.Leaving() ->
            throw Problem.of(
                    ErrorCode.SHARE_UNAVAILABLE,
                    "bringing base disk %s to the share '%s'"
                        .formatted(id.shortForm(), share.name()))
                .detail("It is about to leave the share.")
                .next("It is tried again; 'ratoon cache plan' shows what leaves, and why.")
                .asException();
        // It is on its way there, from this host or another one.
        case Claim.HeldHere(), Claim.HeldByOther() -> {}
      }
      TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
    }
    return share.use(id, progress::at);
  }

  /** What lies there under the base's name may not be it. */
  private static void requireFit(Share share, DiskId id) {
    boolean known = share.bases().stream().anyMatch(base -> base.id().equals(id));
    if (known && !share.has(id)) {
      throw unavailable(share, id, Optional.empty());
    }
  }

  private void bring(Share share, Lease lease, Priority priority, Bases.Progress progress)
      throws InterruptedException {
    boolean brought = false;
    try {
      Base _ = bases.readyHere(lease.id(), priority, progress);
      brought = true;
    } finally {
      if (!brought) {
        share.release(lease);
      }
    }
    shares.fill(share, lease);
  }

  private static RatoonException unavailable(Share share, DiskId id, Optional<Problem> why) {
    return Problem.of(
            ErrorCode.SHARE_UNAVAILABLE,
            "bringing base disk " + id.shortForm() + " to the share '" + share.name() + "'")
        .detail(why.map(Problem::detail).orElse("It cannot be used just now."))
        .asException();
  }
}
