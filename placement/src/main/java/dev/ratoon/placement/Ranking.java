package dev.ratoon.placement;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;

/**
 * All hosts of a fleet for one request: those that fit, the best one first, and those that do not.
 * What is said of a host in words is made when it is asked for; the fleet must be as it was then.
 */
public final class Ranking {
  private static final int INDEX_BITS = 21;
  private static final long MOST_COST = 1L << (63 - INDEX_BITS);

  private final FleetSnapshot fleet;
  private final Request request;
  private final long[] costs;

  /** Numbers of the hosts that fit, the best first; then those of the others. */
  private final int[] order;

  private final int fitting;

  /**
   * A host that fits.
   *
   * @param room how many such VMs it could take, one after the other
   */
  public record Target(HostId host, EntityName name, Terms terms, int room) {}

  private Ranking(FleetSnapshot fleet, Request request, long[] costs, int[] order, int fitting) {
    this.fleet = fleet;
    this.request = request;
    this.costs = costs;
    this.order = order;
    this.fitting = fitting;
  }

  /** Ranks all hosts for a VM. */
  public static Ranking of(FleetSnapshot fleet, VmNeeds needs) {
    return of(fleet, fleet.request(needs));
  }

  static Ranking of(FleetSnapshot fleet, Request request) {
    Costs each = new Costs(fleet);
    int count = fleet.size();
    long[] costs = new long[count];
    long least = Long.MAX_VALUE;
    for (int h = 0; h < count; h++) {
      costs[h] = each.of(request, h);
      least = Math.min(least, costs[h]);
    }
    long[] keys = new long[count];
    int fitting = 0;
    for (int h = 0; h < count; h++) {
      fitting += costs[h] == Costs.UNFIT ? 0 : 1;
      keys[h] = Math.min(MOST_COST - 1, costs[h] - least) << INDEX_BITS | h;
    }
    Arrays.sort(keys);
    int[] order = new int[count];
    for (int i = 0; i < count; i++) {
      order[i] = (int) (keys[i] & ((1 << INDEX_BITS) - 1));
    }
    sortTheFarthest(keys, order, costs);
    return new Ranking(fleet, request, costs, order, fitting);
  }

  /** Costs that were too large for their keys are still to be compared. */
  private static void sortTheFarthest(long[] keys, int[] order, long[] costs) {
    int from = Arrays.binarySearch(keys, (MOST_COST - 1) << INDEX_BITS);
    int first = from < 0 ? -from - 1 : from;
    int[] sorted =
        Arrays.stream(order, first, order.length)
            .boxed()
            .sorted((a, b) ->
                costs[a] == costs[b] ? Integer.compare(a, b) : Long.compare(costs[a], costs[b]))
            .mapToInt(Integer::intValue)
            .toArray();
    System.arraycopy(sorted, 0, order, first, sorted.length);
  }

  /** The hosts that fit, the best one first. */
  public List<Target> targets() {
    return new AbstractList<>() {
      @Override
      public Target get(int index) {
        return target(order[java.util.Objects.checkIndex(index, fitting)]);
      }

      @Override
      public int size() {
        return fitting;
      }
    };
  }

  /** The hosts that do not, with every reason. */
  public List<Placement.Refusal> refusals() {
    return new AbstractList<>() {
      @Override
      public Placement.Refusal get(int index) {
        int host = order[fitting + java.util.Objects.checkIndex(index, order.length - fitting)];
        return new Placement.Refusal(
            fleet.host(host).name(), new HostRules(fleet).reasonsAgainst(request, host));
      }

      @Override
      public int size() {
        return order.length - fitting;
      }
    };
  }

  private Target target(int host) {
    HostSnapshot snapshot = fleet.host(host);
    return new Target(
        snapshot.id(),
        snapshot.name(),
        new Explanation(fleet).of(request, host, costs[host]),
        fleet.roomFor(host, request));
  }

  /** Number of the best host; {@link Search#NOBODY} if none fits. */
  int best() {
    return fitting == 0 ? Search.NOBODY : order[0];
  }
}
