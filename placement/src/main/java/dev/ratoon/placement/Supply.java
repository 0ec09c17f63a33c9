package dev.ratoon.placement;

import dev.ratoon.model.ByteSize;
import dev.ratoon.model.DiskId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How fast a base can be had from all who have it. Who gives several bases at once gives each a
 * part; hosts that fetch the same one give it to each other, so they do not count.
 */
final class Supply {
  private static final int MOST_REMEMBERED = 4096;

  private final List<HostSnapshot> hosts;
  private final Policy policy;
  private final BaseTable bases;

  /** For each base how many hosts fetch it from each that has it. */
  private final Map<Integer, Double> askers = new HashMap<>();

  /** How many hosts fetch anything from each host. */
  private final double[] asked;

  private final Map<Integer, Long> nanos = new HashMap<>();

  Supply(List<HostSnapshot> hosts, Policy policy, BaseTable bases) {
    this.hosts = hosts;
    this.policy = policy;
    this.bases = bases;
    Map<DiskId, Integer> arrivals = new HashMap<>();
    for (HostSnapshot host : hosts) {
      host.bases().coming().keySet().forEach(id -> arrivals.merge(id, 1, Integer::sum));
    }
    arrivals.forEach((id, _) -> {
      int number = bases.number(id);
      int holders = bases.ready(number).size();
      if (holders > 0) {
        askers.put(number, 1.0 / holders);
      }
    });
    asked = new double[hosts.size()];
    askers.forEach((number, each) -> {
      HostTree holders = bases.ready(number);
      for (int i = 0; i < holders.size(); i++) {
        asked[holders.member(i)] += each;
      }
    });
  }

  /** What all of them need for one MiB, in nanoseconds; 0 if nobody is known to have it. */
  long nanosPerMebibyte(int base) {
    Long known = nanos.get(base);
    if (known != null) {
      return known;
    }
    long computed = computed(base);
    if (nanos.size() < MOST_REMEMBERED) {
      nanos.put(base, computed);
    }
    return computed;
  }

  private long computed(int base) {
    HostTree holders = bases.ready(base);
    double bytesPerSecond = 0;
    for (int i = 0; i < holders.size(); i++) {
      HostSnapshot holder = hosts.get(holders.member(i));
      if (holder.standing().connected()) {
        long gives = holder.bases().givesBytesPerSecond();
        double load = 1 + asked[holders.member(i)] - askers.getOrDefault(base, 0.0);
        bytesPerSecond += (gives > 0 ? gives : policy.bytesPerSecond()) / load;
      }
    }
    return bytesPerSecond == 0 ? 0 : (long) (Row.NANOS * ByteSize.MIB / bytesPerSecond);
  }
}
