package dev.ratoon.placement;

import dev.ratoon.model.EntityName;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalDouble;

/**
 * What a cluster does with a request.
 *
 * @param hosts how many of its hosts get VMs
 * @param fitting how many of the VMs it takes
 * @param seconds until the last one runs
 * @param bytesToMove that have to come for all of them
 * @param cost of the last one; the cluster with the least is the first
 * @param stars of the VM that has fewest; 0 if not all of them find a host
 */
public record ClusterTarget(
    EntityName name,
    int hosts,
    int fitting,
    double seconds,
    long bytesToMove,
    double cost,
    double stars)
    implements Comparable<ClusterTarget> {

  static ClusterTarget of(EntityName name, List<Placement.Place> places, int wanted) {
    boolean all = places.size() == wanted;
    return new ClusterTarget(
        name,
        (int) places.stream().map(Placement.Place::host).distinct().count(),
        places.size(),
        most(places.stream().mapToDouble(p -> p.terms().seconds().total()).max()),
        places.stream().mapToLong(p -> p.terms().bytesToMove()).sum(),
        most(places.stream().mapToDouble(p -> p.terms().cost()).max()),
        all ? most(places.stream().mapToDouble(p -> p.terms().stars()).min()) : 0);
  }

  private static double most(OptionalDouble value) {
    return value.orElse(0);
  }

  @Override
  public int compareTo(ClusterTarget other) {
    return Comparator.comparing((ClusterTarget target) -> target.stars() == 0)
        .thenComparingDouble(ClusterTarget::cost)
        .thenComparing(ClusterTarget::name)
        .compare(this, other);
  }
}
