package dev.ratoon.cache;

import dev.ratoon.disk.ParentWitness;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.manifest.Manifests;
import dev.ratoon.model.DiskId;
import java.util.Optional;

/** What a cache knows of the parents of overlays: its own bases need not be read again. */
record CacheWitness(Cache cache, int parallelism) implements ParentWitness {

  @Override
  public Optional<DiskId> contradiction(VirtualDisk parent, DiskId recorded) {
    DiskId found =
        isOwn(parent, recorded) ? recorded : Manifests.of(parent, parallelism, Progress.NONE).id();
    return found.equals(recorded) ? Optional.empty() : Optional.of(found);
  }

  private boolean isOwn(VirtualDisk parent, DiskId recorded) {
    return cache
        .find(recorded, parent.files().getFirst())
        .map(base -> cache.use(recorded, base.path()))
        .filter(base -> parent.files().equals(cache.chain(base).stream().map(Base::path).toList()))
        .isPresent();
  }

  @Override
  public Optional<Found> find(DiskId wanted) {
    return cache
        .find(wanted)
        .map(_ -> cache.use(wanted))
        .map(base -> new Found(base.path(), base.format()));
  }
}
