package dev.ratoon.placement;

/**
 * What it costs to place a VM on a host, in nanoseconds, exactly; and whether it fits there at all.
 */
final class Costs {
  /** No VM of this kind goes there. */
  static final long UNFIT = Long.MAX_VALUE;

  private final FleetSnapshot fleet;
  private final long[] rows;

  Costs(FleetSnapshot fleet) {
    this.fleet = fleet;
    this.rows = fleet.loads().rows();
  }

  long of(Request request, int host) {
    int at = host * Row.LENGTH;
    if (request.needs().memoryBytes() > rows[at + Row.MEMORY_LEFT]
        || request.needs().cpus() > rows[at + Row.CPUS_LEFT]
        || request.needs().diskBytes() > rows[at + Row.DISK_LEFT]
        || !request.suits(rows[at + Row.FIRST_SHAPE], rows[at + Row.LAST_SHAPE])
        || !allowed(request, host)) {
      return UNFIT;
    }
    long cost = fixed(request, at);
    return request.bases().isEmpty() ? cost : withBases(request, host, cost);
  }

  /** Without what the bases cost. */
  private long fixed(Request request, int at) {
    return rows[at + Row.STANDING]
        + request.memoryMebibytes() * rows[at + Row.MEMORY_RATE]
        + request.needs().cpus() * rows[at + Row.CPU_RATE]
        + request.diskMebibytes() * rows[at + Row.DISK_RATE]
        + request.copyNanos() * rows[at + Row.SECOND_WEIGHT] / 1000;
  }

  private long withBases(Request request, int host, long fixed) {
    int at = host * Row.LENGTH;
    long waiting = 0;
    long fetching = 0;
    long missingBytes = 0;
    long diskBytes = 0;
    for (BaseWanted base : request.bases()) {
      if (fleet.bases().isReady(host, base.number())) {
        continue;
      }
      long coming = fleet.comings().cost(host, base.number());
      if (coming != Comings.NOT_COMING) {
        waiting = Math.max(waiting, coming);
        continue;
      }
      long missing = Row.mebibytes(fleet.bases().missing(host, base.kin(), base.bytes()));
      fetching += missing * fleet.arrivalRate(host, base.supplyNanos());
      missingBytes += missing;
      diskBytes += base.bytes();
    }
    if (diskBytes == 0) {
      return fixed + waiting;
    }
    if (request.needs().diskBytes() + diskBytes > rows[at + Row.DISK_LEFT]) {
      return UNFIT;
    }
    long queue = rows[at + Row.COLD] - rows[at + Row.STANDING];
    return fixed + Math.max(waiting, queue + fetching) + missingBytes * rows[at + Row.DISK_RATE];
  }

  private static boolean allowed(Request request, int host) {
    int[] only = request.only();
    GroupHosts group = request.group();
    return (only == null || java.util.Arrays.binarySearch(only, host) >= 0)
        && (group == null
            || group.allows(request.needs().wishes().group().orElseThrow().rule(), host));
  }
}
