package dev.ratoon.placement;

import dev.ratoon.model.DiskId;
import java.util.HashMap;
import java.util.Map;

/**
 * How many bytes of a base disk a host lacks that has another one: the table that is computed when
 * a base disk is imported. Pairs that share nothing worth speaking of are not in it.
 *
 * @param missing for each base disk those that have something of it, and what is missing then
 */
public record Relatives(Map<DiskId, Map<DiskId, Long>> missing) {
  public static final Relatives NONE = new Relatives(Map.of());

  public Relatives {
    Map<DiskId, Map<DiskId, Long>> copy = new HashMap<>();
    missing.forEach((base, relatives) -> copy.put(base, Map.copyOf(relatives)));
    missing = Map.copyOf(copy);
  }

  /** Those that have something of this one. */
  Map<DiskId, Long> of(DiskId base) {
    return missing.getOrDefault(base, Map.of());
  }
}
