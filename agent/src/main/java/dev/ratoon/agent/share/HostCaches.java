package dev.ratoon.agent.share;

import dev.ratoon.cache.Base;
import dev.ratoon.cache.Cache;
import dev.ratoon.cache.CopyProgress;
import dev.ratoon.cache.share.Share;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.ParentWitness;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.RatoonException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The bases that the VMs of a host stand on: in its own cache, and on the shares that it has
 * mounted.
 *
 * <p>The host's own cache, with what it has adopted, comes first: it is nearer than any share, and
 * no network has to be up for its VMs. But a disk that was made on one place stays on it, even when
 * the base comes to the other: it is the overlay's header that says where its parent is.
 */
public final class HostCaches {
  private final Cache own;
  private final Shares shares;

  public HostCaches(Cache own, Shares shares) {
    this.own = own;
    this.shares = shares;
  }

  /** The host's own. */
  public Cache own() {
    return own;
  }

  /**
   * A base to make something new on; see {@link Cache#use} and {@link Share#use}.
   *
   * @throws RatoonException {@code base-missing}, {@code base-altered}, {@code share-unavailable}
   */
  public Base use(DiskId id) {
    return sharing(id)
        .map(share -> share.use(id, (done, total) -> {}))
        .orElseGet(() -> own.use(id));
  }

  /**
   * A base to make something new on, in the cache that was chosen for it; see {@link ChosenCaches}.
   *
   * @throws RatoonException {@code wrong-state} if the host has no such cache, and what {@link
   *     #use(DiskId)} throws
   */
  public Base useAt(DiskId id, Path chosen) {
    Optional<Share> share = ChosenCaches.share(shares, id, chosen);
    if (share.isPresent()) {
      return share.get().use(id, (done, total) -> {});
    }
    if (!ChosenCaches.isOwn(own, id, chosen)) {
      throw ChosenCaches.noSuchCache(own, shares, id, chosen);
    }
    return own.find(id, chosen).isPresent() ? own.use(id, chosen) : own.use(id);
  }

  /** The share that has it, where the host itself has not. */
  private Optional<Share> sharing(DiskId id) {
    List<Share> mounted = own.find(id).isPresent() ? List.of() : shares.mounted();
    return mounted.stream().filter(share -> share.has(id)).findFirst();
  }

  /**
   * The base at the place that an overlay names, ready for its VM; else as {@link #use(DiskId)}.
   */
  public Base use(DiskId id, Optional<Path> recorded) {
    Optional<Share> share = recorded.flatMap(path -> shares.at(id, path));
    return share.isPresent()
        ? share.get().standOn(id, (done, total) -> {})
        : usedFromOwn(id, recorded);
  }

  private Base usedFromOwn(DiskId id, Optional<Path> recorded) {
    Optional<Base> there = recorded.flatMap(path -> own.find(id, path));
    return there.isPresent() ? own.use(id, there.get().path()) : use(id);
  }

  /**
   * What a base's file stands on, itself first; see {@link Cache#chain}. On a share it is alone.
   */
  public List<Base> chain(Base base) {
    return isOwn(base) ? own.chain(base) : List.of(base);
  }

  /** Opens a base that {@link #use} has made sure of. */
  public VirtualDisk open(Base base) {
    return isOwn(base)
        ? own.open(base)
        : VirtualDisks.open(base.path(), base.format(), OpenRules.chain(1));
  }

  /**
   * Opens a disk that stands on a base, or the base itself. If that lies on a share, nobody hangs
   * when the share does; see {@link Share#watched}.
   */
  public VirtualDisk openOn(Base base, String doing, Supplier<VirtualDisk> opening) {
    Optional<Share> share = shares.at(base.id(), base.path());
    return share.isPresent() ? share.get().watched(doing, opening) : opening.get();
  }

  private boolean isOwn(Base base) {
    return isInOwnFolder(base.path()) || isAdopted(base.path());
  }

  /** Whether it is a file of the host's own cache, which bases are brought into. */
  public boolean isInOwnFolder(Path file) {
    return own.root().equals(file.getParent());
  }

  /** Whether it is an operator's file that is a base where it lies. */
  public boolean isAdopted(Path file) {
    return !own.adopted().chain(file).isEmpty();
  }

  /** Whether it can be used, as a look tells. */
  public boolean isReady(DiskId id) {
    return own.find(id).isPresent() ? own.isReady(id) : sharing(id).isPresent();
  }

  /** Whether the file of the host's own that an overlay names can be used, as a look tells. */
  public boolean isReady(DiskId id, Path recorded) {
    return own.find(id, recorded).filter(own::isReady).isPresent();
  }

  /** Whether a base can lie at several places. */
  public boolean hasShares() {
    return !shares.mounted().isEmpty();
  }

  /** See {@link Cache#copyWhole}. */
  public long copyWhole(DiskId id, Path target, long sizeBytes, CopyProgress progress) {
    Optional<Share> share = sharing(id);
    return share.isPresent()
        ? share.get().copyWhole(id, target, sizeBytes, progress::at)
        : own.copyWhole(id, target, sizeBytes, progress);
  }

  /** Makes sure of the parents of overlays. */
  public ParentWitness witness() {
    ParentWitness ours = own.witness();
    return new ParentWitness() {
      @Override
      public Optional<DiskId> contradiction(VirtualDisk parent, DiskId recorded) {
        Optional<Share> share = shares.at(recorded, parent.files().getFirst());
        return share.isPresent()
            ? verified(share.get(), recorded)
            : ours.contradiction(parent, recorded);
      }

      private static Optional<DiskId> verified(Share share, DiskId recorded) {
        Base _ = share.standOn(recorded, (done, total) -> {});
        return Optional.empty();
      }

      @Override
      public Optional<Found> find(DiskId wanted) {
        return ours.find(wanted);
      }
    };
  }
}
