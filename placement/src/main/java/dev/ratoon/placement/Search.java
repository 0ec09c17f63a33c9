package dev.ratoon.placement;

import dev.ratoon.model.GroupRule;
import org.jspecify.annotations.Nullable;

/**
 * Finds the cheapest host without looking at all of them. A host is in one of four places: where
 * all that has the first base is, where it is coming, where its best relative is, or none of them;
 * for a VM with several bases, this holds of each. Each place has a tree and a bound on what its
 * hosts have to fetch. The trees are gone through from the least bound to the most, each as far as
 * it can still hold a cheaper host than the best so far, or one as cheap with a lower number.
 */
final class Search {
  static final int NOBODY = -1;

  private static final int MOST_LEVELS = 8;

  private final FleetSnapshot fleet;
  private final Costs costs;

  /** Rows of the hosts. */
  private final long[] hosts;

  private final long[][] bounds = new long[MOST_LEVELS][HostTree.FAN];

  // Of the search under way.
  private long bestCost;
  private int best;
  private boolean cold;
  private long missingMebibytes;
  private long supplyNanos;
  private long leastDiskBytes;
  private long mostMissingMebibytes;
  private int looked;

  Search(FleetSnapshot fleet) {
    this.fleet = fleet;
    this.costs = new Costs(fleet);
    this.hosts = fleet.loads().rows();
  }

  /** The number of the cheapest host; {@link #NOBODY} if none fits. */
  int best(Request request) {
    bestCost = Costs.UNFIT;
    best = NOBODY;
    looked = 0;
    int[] few = few(request);
    if (few != null) {
      for (int host : few) {
        consider(request, host);
      }
      return best;
    }
    warm(request);
    if (request.bases().size() > 0) {
      cold(request);
    }
    return best;
  }

  /** What the host that was found costs. */
  long cost() {
    return bestCost;
  }

  /** How many hosts were looked at one by one. */
  int looked() {
    return looked;
  }

  private static int @Nullable [] few(Request request) {
    int[] only = request.only();
    if (only != null) {
      return only;
    }
    GroupHosts group = request.group();
    return group != null && !group.isEmpty() && isTogether(request) ? group.hosts() : null;
  }

  private static boolean isTogether(Request request) {
    return request
        .needs()
        .wishes()
        .group()
        .filter(group -> group.rule() == GroupRule.TOGETHER)
        .isPresent();
  }

  private void warm(Request request) {
    cold = false;
    missingMebibytes = 0;
    leastDiskBytes = request.needs().diskBytes();
    if (request.bases().size() == 0) {
      search(request, fleet.all());
    }
    for (BaseWanted base : request.bases()) {
      search(request, fleet.bases().ready(base.number()));
      search(request, fleet.bases().coming(base.number()));
    }
  }

  private void cold(Request request) {
    cold = true;
    leastDiskBytes = request.needs().diskBytes() + request.allBasesBytes();
    supplyNanos = Long.MAX_VALUE;
    long others = 0;
    mostMissingMebibytes = 0;
    for (BaseWanted base : request.bases()) {
      supplyNanos = Math.min(supplyNanos, base.supplyNanos());
      others += Row.mebibytes(base.leastMissing());
      mostMissingMebibytes += Row.mebibytes(base.bytes());
    }
    for (BaseWanted base : request.bases()) {
      others -= Row.mebibytes(base.leastMissing());
      for (int n = 0; n < base.kin().count(); n++) {
        int relative = base.kin().relative(n);
        missingMebibytes =
            others + Row.mebibytes(Math.min(base.bytes(), base.kin().missing(relative)));
        if (isHopeless(request)) {
          break;
        }
        search(request, fleet.bases().ready(relative));
      }
      others += Row.mebibytes(base.leastMissing());
    }
    missingMebibytes = mostMissingMebibytes;
    search(request, fleet.all());
  }

  /** Whether no host at all that lacks so much can be the best. */
  private boolean isHopeless(Request request) {
    HostTree all = fleet.all();
    return all.height() == 0
        || !promises(bound(request, all.rowsOf(all.height() - 1), 0), Integer.MIN_VALUE);
  }

  private void search(Request request, HostTree tree) {
    int top = tree.height() - 1;
    if (top >= 0) {
      long[] rows = tree.rowsOf(top);
      if (promises(bound(request, rows, 0), rows[Row.HOST])) {
        descend(request, tree, top, 0);
      }
    }
  }

  private void descend(Request request, HostTree tree, int level, int block) {
    int first = block << HostTree.FAN_BITS;
    if (level == 0) {
      int end = Math.min(tree.size(), first + HostTree.FAN);
      for (int i = first; i < end; i++) {
        int host = tree.member(i);
        if (promises(bound(request, hosts, host * Row.LENGTH), host)) {
          consider(request, host);
        }
      }
      return;
    }
    long[] rows = tree.rowsOf(level - 1);
    int count = Math.min(HostTree.FAN, tree.blocks(level - 1) - first);
    long[] bound = bounds[level];
    for (int i = 0; i < count; i++) {
      bound[i] = bound(request, rows, HostTree.at(first + i));
    }
    for (int left = count; left > 0; left--) {
      int next = 0;
      for (int i = 1; i < count; i++) {
        next = bound[i] < bound[next] ? i : next;
      }
      if (bound[next] > bestCost || bound[next] == Costs.UNFIT) {
        return;
      }
      if (promises(bound[next], rows[HostTree.at(first + next) + Row.HOST])) {
        descend(request, tree, level - 1, first + next);
      }
      bound[next] = Costs.UNFIT;
    }
  }

  private boolean promises(long bound, long firstHost) {
    return bound < bestCost || (bound == bestCost && bound != Costs.UNFIT && firstHost < best);
  }

  /** What none of the hosts of this row costs less than; {@link Costs#UNFIT} if none can fit. */
  private long bound(Request request, long[] rows, int at) {
    if (request.needs().memoryBytes() > rows[at + Row.MEMORY_LEFT]
        || request.needs().cpus() > rows[at + Row.CPUS_LEFT]
        || leastDiskBytes > rows[at + Row.DISK_LEFT]
        || !request.suits(rows[at + Row.FIRST_SHAPE], rows[at + Row.LAST_SHAPE])) {
      return Costs.UNFIT;
    }
    long diskRate = rows[at + Row.DISK_RATE];
    long bound =
        request.memoryMebibytes() * rows[at + Row.MEMORY_RATE]
            + request.needs().cpus() * rows[at + Row.CPU_RATE]
            + request.diskMebibytes() * diskRate
            + request.copyNanos() * rows[at + Row.SECOND_WEIGHT] / 1000;
    if (!cold) {
      return bound + rows[at + Row.STANDING] + Math.min(0, mostBasesMebibytes(request) * diskRate);
    }
    long rate =
        Math.max(rows[at + Row.ARRIVAL_RATE], supplyNanos * rows[at + Row.SECOND_WEIGHT] / 1000);
    return bound
        + rows[at + Row.COLD]
        + missingMebibytes * rate
        + (diskRate < 0 ? mostMissingMebibytes : missingMebibytes) * diskRate;
  }

  private static long mostBasesMebibytes(Request request) {
    return request.bases().size() < 2
        ? 0
        : Row.mebibytes(request.allBasesBytes()) + request.bases().size();
  }

  private void consider(Request request, int host) {
    looked++;
    long cost = costs.of(request, host);
    if (cost < bestCost || (cost == bestCost && cost != Costs.UNFIT && host < best)) {
      bestCost = cost;
      best = host;
    }
  }
}
