package dev.ratoon.cache.arrival;

import dev.ratoon.cache.Base;
import dev.ratoon.cache.Cache;
import dev.ratoon.cache.IncomingBase;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.RatoonException;
import java.nio.file.Files;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;

/**
 * The third step of an arrival: how the base is to lie on the disk. Where files can share blocks it
 * is flat, shares what relatives have wherever they have it, and nothing reads slower for it. Where
 * they cannot, and one relative has enough at the same places, it is a delta on that one. Else it
 * is flat. What an arrival that was cut off began is gone on with.
 */
final class ContentStep {
  /**
   * The part of a base's blocks that a relative must have at the same places. With less than half,
   * a delta saves less than it stores, and every read goes through one more file for it; an image
   * that was upgraded in place keeps two thirds and more, one that was rebuilt next to nothing.
   */
  private static final int LEAST_PERCENT = 50;

  private final Cache cache;
  private final IncomingBase incoming;
  private final Manifest manifest;
  private final Optional<Plan> plan;

  ContentStep(Cache cache, IncomingBase incoming, Manifest manifest, Optional<Plan> plan) {
    this.cache = cache;
    this.incoming = incoming;
    this.manifest = manifest;
    this.plan = plan;
  }

  ContentFile run() {
    if (Files.exists(incoming.delta())) {
      Optional<DeltaContent> begun =
          DeltaContent.resume(incoming.delta(), manifest.size(), cache);
      if (begun.isPresent()) {
        return begun.get();
      }
      incoming.discardContent();
    }
    Optional<Base> parent = Files.exists(incoming.content()) ? Optional.empty() : parent();
    return parent.isPresent()
        ? DeltaContent.create(incoming.delta(), manifest.size(), parent.get(), cache)
        : FlatContent.open(
            incoming.content(), manifest.size(), plan, cache.abilities().reflink());
  }

  /** The one that has most at the same places, of those that may have a child. */
  private Optional<Base> parent() {
    // A file of that name that is no longer what it was keeps its layout: children may name it.
    boolean mayBeDelta = !cache.abilities().reflink() && cache.find(manifest.id()).isEmpty();
    return plan.filter(_ -> mayBeDelta).flatMap(this::parent);
  }

  private Optional<Base> parent(Plan known) {
    Map<DiskId, Long> same = known.blocksAtSameOffset();
    return same.keySet().stream()
        .filter(id -> same.get(id) * 100 >= known.blocks() * LEAST_PERCENT)
        .flatMap(id -> candidate(id).stream())
        .filter(candidate -> candidate.files() < Cache.MOST_FILES)
        .min(
            Comparator.comparing((Candidate candidate) -> -same.get(candidate.base().id()))
                .thenComparing(Candidate::files))
        .map(Candidate::base);
  }

  /**
   * What the base could stand on.
   *
   * @param files how many it has itself
   */
  private record Candidate(Base base, int files) {}

  private Optional<Candidate> candidate(DiskId id) {
    try {
      Base base = cache.use(id);
      return Optional.of(new Candidate(base, cache.chain(base).size()));
    } catch (RatoonException altered) {
      return Optional.empty();
    }
  }
}
