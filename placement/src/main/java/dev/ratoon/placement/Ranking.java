package dev.ratoon.placement;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * All hosts of a fleet for one request: those that fit, the best one first, and those that do not.
 * What is said of a host in words is made when it is asked for; the fleet must be as it was then.
 */
public final class Ranking {
  private static final int DIGIT_BITS = 11;
  private static final int DIGITS = 1 << DIGIT_BITS;

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
    int[] order = new int[count];
    int fitting = 0;
    long most = least;
    for (int h = 0; h < count; h++) {
      if (costs[h] != Costs.UNFIT) {
        order[fitting++] = h;
        most = Math.max(most, costs[h]);
      }
    }
    int at = fitting;
    for (int h = 0; h < count; h++) {
      if (costs[h] == Costs.UNFIT) {
        order[at++] = h;
      }
    }
    sort(order, fitting, costs, least, most);
    return new Ranking(fleet, request, costs, order, fitting);
  }

  /**
   * Sorts hosts by their costs, digit by digit from the last one, which takes time in proportion to
   * their number. Those that cost the same stay in their order.
   */
  private static void sort(int[] order, int count, long[] costs, long least, long most) {
    int[] next = new int[DIGITS];
    int[] sorted = new int[count];
    for (int shift = 0; shift < Long.SIZE && (most - least) >>> shift != 0; shift += DIGIT_BITS) {
      Arrays.fill(next, 0);
      for (int i = 0; i < count; i++) {
        next[digit(costs[order[i]] - least, shift)]++;
      }
      int sum = 0;
      for (int digit = 0; digit < DIGITS; digit++) {
        int here = next[digit];
        next[digit] = sum;
        sum += here;
      }
      for (int i = 0; i < count; i++) {
        sorted[next[digit(costs[order[i]] - least, shift)]++] = order[i];
      }
      System.arraycopy(sorted, 0, order, 0, count);
    }
  }

  private static int digit(long value, int shift) {
    return (int) (value >>> shift) & (DIGITS - 1);
  }

  /** The hosts that fit, the best one first. */
  public List<Target> targets() {
    return new AbstractList<>() {
      @Override
      public Target get(int index) {
        return target(order[Objects.checkIndex(index, fitting)]);
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
        int host = order[fitting + Objects.checkIndex(index, order.length - fitting)];
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
