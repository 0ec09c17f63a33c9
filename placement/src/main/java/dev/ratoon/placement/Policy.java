package dev.ratoon.placement;

import dev.ratoon.model.ByteSize;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.PlacementPreset;
import dev.ratoon.model.PlacementWeights;
import java.util.Map;
import java.util.Optional;

/**
 * How this fleet places.
 *
 * @param weights of hosts whose cluster has none of its own
 * @param clusters weights of clusters
 * @param cpuBaselines the level that the processors of a cluster's hosts have at least, so that VMs
 *     can move within it
 * @param startSeconds what a host needs for each VM that it starts, one after the other
 * @param bytesPerSecond what a host can fetch of which nothing was measured yet
 * @param copyBytesPerSecond at which a base disk is copied whole, for a disk that is no child of it
 */
public record Policy(
    PlacementWeights weights,
    Map<EntityName, PlacementWeights> clusters,
    Map<EntityName, Integer> cpuBaselines,
    double startSeconds,
    long bytesPerSecond,
    long copyBytesPerSecond) {
  /** One gigabit a second, less what TLS and TCP take. */
  public static final long GIGABIT = 112 * ByteSize.MIB;

  private static final double START_SECONDS = 0.4;
  private static final long COPY_BYTES_PER_SECOND = 250 * ByteSize.MIB;

  public Policy {
    clusters = Map.copyOf(clusters);
    cpuBaselines = Map.copyOf(cpuBaselines);
  }

  public static Policy of(PlacementWeights weights) {
    return new Policy(weights, Map.of(), Map.of(), START_SECONDS, GIGABIT, COPY_BYTES_PER_SECOND);
  }

  public static Policy of(PlacementPreset preset) {
    return of(preset.weights());
  }

  PlacementWeights of(Optional<EntityName> cluster) {
    return cluster.map(name -> clusters.getOrDefault(name, weights)).orElse(weights);
  }
}
