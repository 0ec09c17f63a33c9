package dev.ratoon.protocol.api;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.GuestHardware;
import dev.ratoon.model.PlacementPreset;
import dev.ratoon.model.PlacementWeights;
import dev.ratoon.model.Problem;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * How hosts are chosen for VMs.
 *
 * @param weights of hosts whose cluster has none of its own; {@link PlacementPreset#BALANCE} unless
 *     told
 * @param clusters what is different in clusters
 * @param cpuRatio how many processors VMs may be promised for each that a host has; 0 for no limit
 * @param bytesPerSecond what a host is taken to fetch before anything was measured; 0 for a gigabit
 */
public record PlacementSettings(
    Optional<PlacementWeights> weights,
    List<Cluster> clusters,
    double cpuRatio,
    long bytesPerSecond) {
  public static final PlacementSettings DEFAULT =
      new PlacementSettings(Optional.empty(), List.of(), 0, 0);

  private static final int MOST_CLUSTERS = 1000;
  private static final double MOST_RATIO = 1000;

  /**
   * What is different in a cluster.
   *
   * @param cpuLevel that the processors of its hosts have at least, and guests are started with
   * @param machine the version of the machine that guests are started with; see GuestHardware
   */
  public record Cluster(
      EntityName name,
      Optional<PlacementWeights> weights,
      Optional<Integer> cpuLevel,
      Optional<String> machine) {
    public Cluster {
      GuestHardware _ = new GuestHardware(cpuLevel, machine);
    }

    /** One whose guests are started with the newest machines of its hosts. */
    public Cluster(
        EntityName name, Optional<PlacementWeights> weights, Optional<Integer> cpuLevel) {
      this(name, weights, cpuLevel, Optional.empty());
    }

    /** What guests of its hosts are started with. */
    public GuestHardware hardware() {
      return new GuestHardware(cpuLevel, machine);
    }
  }

  /**
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#INVALID_VALUE} if a number is out of
   *     its bounds
   */
  public PlacementSettings {
    clusters = List.copyOf(clusters);
    boolean sound =
        clusters.size() <= MOST_CLUSTERS
            && clusters.stream().map(Cluster::name).distinct().count() == clusters.size()
            && cpuRatio >= 0
            && cpuRatio <= MOST_RATIO;
    if (!sound) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the settings of placement")
          .next("Each cluster is named once, cpuRatio is 0, for no limit, to 1000.")
          .asException();
    }
    long _ = Settings.rate(bytesPerSecond);
  }

  /** What guests are started with in clusters that have something to say of that. */
  public Map<EntityName, GuestHardware> hardware() {
    return clusters.stream()
        .filter(cluster -> !cluster.hardware().equals(GuestHardware.OF_THE_HOST))
        .collect(Collectors.toMap(Cluster::name, Cluster::hardware));
  }

  /** The weights of hosts whose cluster has none of its own. */
  public PlacementWeights weightsOrDefault() {
    return weights.orElse(PlacementPreset.BALANCE.weights());
  }
}
