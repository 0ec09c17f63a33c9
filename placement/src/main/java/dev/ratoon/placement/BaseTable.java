package dev.ratoon.placement;

import dev.ratoon.model.DiskId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The base disks by numbers: which hosts have each, and what each has of others. */
final class BaseTable {
  private static final int[] NO_HOSTS = {};

  /**
   * What other bases have of one: its relatives by their numbers, the one that has most of it
   * first, and for each base by its number how many bytes are missing where that is.
   */
  static final class Kin {
    static final long NOTHING_SHARED = Long.MAX_VALUE;

    private final int[] order;
    private final long[] missing;

    private Kin(int[] order, long[] missing) {
      this.order = order;
      this.missing = missing;
    }

    int count() {
      return order.length;
    }

    /** The n-th of them. */
    int relative(int n) {
      return order[n];
    }

    long missing(int relative) {
      return relative < missing.length ? missing[relative] : NOTHING_SHARED;
    }

    /** The least that is missing where any of them is. */
    long least() {
      return order.length == 0 ? NOTHING_SHARED : missing[order[0]];
    }
  }

  private final long[] rows;
  private final Relatives relatives;
  private final Map<DiskId, Integer> numbers = new HashMap<>();
  private final List<HostTree> ready = new ArrayList<>();
  private final List<HostTree> coming = new ArrayList<>();
  private final Map<Integer, Kin> kin = new HashMap<>();

  /** The bases of each host, ascending, from {@code start[host]}; and its place in their trees. */
  private final int[] start;

  private final int[] base;
  private final int[] place;

  /**
   * @param order numbers of the hosts, in the order in which they are put into trees
   * @param rows of the hosts
   */
  BaseTable(List<HostSnapshot> hosts, int[] order, long[] rows, Relatives relatives) {
    this.rows = rows;
    this.relatives = relatives;
    start = new int[hosts.size() + 1];
    for (int h = 0; h < hosts.size(); h++) {
      start[h + 1] = start[h] + hosts.get(h).bases().ready().size();
    }
    base = new int[start[hosts.size()]];
    place = new int[base.length];
    relatives.missing().keySet().forEach(this::intern);
    for (int h = 0; h < hosts.size(); h++) {
      int at = start[h];
      for (DiskId id : hosts.get(h).bases().ready()) {
        base[at++] = intern(id);
      }
      Arrays.sort(base, start[h], at);
    }
    int[][] members = members(order);
    for (int[] hostsWithIt : members) {
      ready.add(new HostTree(rows, hostsWithIt));
      coming.add(HostTree.withExtra(rows));
    }
  }

  private int intern(DiskId id) {
    return numbers.computeIfAbsent(id, _ -> numbers.size());
  }

  private int[][] members(int[] order) {
    int[] count = new int[numbers.size()];
    for (int number : base) {
      count[number]++;
    }
    int[][] members = new int[count.length][];
    for (int b = 0; b < members.length; b++) {
      members[b] = count[b] == 0 ? NO_HOSTS : new int[count[b]];
    }
    Arrays.fill(count, 0);
    for (int h : order) {
      for (int i = start[h]; i < start[h + 1]; i++) {
        place[i] = count[base[i]]++;
        members[base[i]][place[i]] = h;
      }
    }
    return members;
  }

  /** The number of a base; one that was not met before gets a new one. */
  int number(DiskId id) {
    int number = intern(id);
    if (number == ready.size()) {
      ready.add(new HostTree(rows, NO_HOSTS));
      coming.add(HostTree.withExtra(rows));
    }
    return number;
  }

  /** The hosts that have it. */
  HostTree ready(int number) {
    return ready.get(number);
  }

  /** The hosts to which it is coming, with what its arrival costs. */
  HostTree coming(int number) {
    return coming.get(number);
  }

  boolean isReady(int host, int number) {
    return Arrays.binarySearch(base, start[host], start[host + 1], number) >= 0;
  }

  /** What this host has to fetch of a base that it does not have. */
  long missing(int host, Kin of, long size) {
    long least = size;
    if (of.count() > 0) {
      for (int i = start[host]; i < start[host + 1]; i++) {
        least = Math.min(least, of.missing(base[i]));
      }
    }
    return least;
  }

  /** The base of this host that has most of a base which it does not have. */
  Optional<DiskId> relative(int host, Kin of) {
    for (int n = 0; n < of.count(); n++) {
      int number = of.relative(n);
      if (isReady(host, number)) {
        return numbers.entrySet().stream()
            .filter(entry -> entry.getValue() == number)
            .map(Map.Entry::getKey)
            .findFirst();
      }
    }
    return Optional.empty();
  }

  /** What others have of a base. */
  Kin kin(DiskId id) {
    return kin.computeIfAbsent(number(id), _ -> related(relatives.of(id)));
  }

  private Kin related(Map<DiskId, Long> missing) {
    long[] bytes = new long[missing.isEmpty() ? 0 : numbers.size()];
    Arrays.fill(bytes, Kin.NOTHING_SHARED);
    List<Integer> order = new ArrayList<>();
    missing.forEach((id, lacking) -> {
      Integer number = numbers.get(id);
      // One that nobody has helps nobody.
      if (number != null && number < bytes.length && ready.get(number).size() > 0) {
        bytes[number] = lacking;
        order.add(number);
      }
    });
    order.sort((a, b) -> Long.compare(bytes[a], bytes[b]));
    return new Kin(order.stream().mapToInt(Integer::intValue).toArray(), bytes);
  }

  /** The host's row is another one. */
  void changed(int host) {
    for (int i = start[host]; i < start[host + 1]; i++) {
      ready.get(base[i]).changed(place[i]);
    }
  }
}
