package dev.ratoon.disk;

import java.nio.file.Path;
import java.util.Optional;

/** Finds a parent that is not where its child says. */
@FunctionalInterface
public interface ParentFinder {
  /** Knows no place to look at. */
  ParentFinder NONE = _ -> Optional.empty();

  /**
   * Where a parent lies.
   *
   * @param file absolute path
   */
  record Found(Path file, DiskFormat format) {}

  /**
   * A file that is what the link says the parent must be. Whoever answers has made sure of it by
   * the link's disk id; a link without one is answered with nothing.
   */
  Optional<Found> find(ParentLink link);
}
