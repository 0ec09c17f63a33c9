package dev.ratoon.cache;

import dev.ratoon.disk.ParentWitness;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.manifest.Manifests;
import dev.ratoon.model.DiskId;
import java.util.List;
import java.util.Optional;

/** What a cache knows of the parents of overlays: its own bases need not be read again. */
record CacheWitness(Cache cache, int parallelism) implements ParentWitness {

  @Override
  public Optional<DiskId> contradiction(VirtualDisk parent, DiskId recorded) {
    boolean own =
        cache
            .find(recorded)
            .filter(base -> parent.files().equals(List.of(base.path())))
            .isPresent();
    DiskId found =
        own ? cache.use(recorded).id() : Manifests.of(parent, parallelism, Progress.NONE).id();
    return found.equals(recorded) ? Optional.empty() : Optional.of(found);
  }

  @Override
  public Optional<Found> find(DiskId wanted) {
    return cache
        .find(wanted)
        .map(_ -> cache.use(wanted))
        .map(base -> new Found(base.path(), base.format()));
  }
}
