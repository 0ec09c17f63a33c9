package dev.ratoon.placement;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.GroupRule;
import dev.ratoon.model.HostId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A fleet at one moment, made so that a place is found fast among very many hosts, for very many
 * VMs one after the other.
 *
 * <p>Hosts and bases are numbers. All that a host's cost depends on is one {@link Row} of numbers.
 * Hosts are kept in trees of such rows ({@link HostTree}): all of them in one, and for each base
 * those that have it and those to which it is coming. Missing bytes are then known for a tree as a
 * whole, and {@link Search} goes through the trees from the least missing to the most, leaving out
 * whatever cannot be better than what it has: the result is always the first of the whole ranking.
 * A VM that is placed changes one host's row, and the blocks above it in the trees where it is.
 *
 * <p>For one thread at a time.
 */
public final class FleetSnapshot {
  private final List<HostSnapshot> hosts;
  private final Map<HostId, Integer> numbers = new HashMap<>();
  private final Shapes shapes;
  private final Loads loads;
  private final BaseTable bases;
  private final Comings comings;
  private final Supply supply;
  private final Map<String, GroupHosts> groups = new HashMap<>();
  private final HostTree all;
  private final int[] placeInAll;
  private final List<Placed> placed = new ArrayList<>();

  /** A VM that was placed, so that it can be taken back. */
  private record Placed(Loads.Before before, int coming, @Nullable GroupHosts group) {}

  private FleetSnapshot(List<HostSnapshot> sorted, Surroundings around) {
    hosts = sorted;
    for (int h = 0; h < hosts.size(); h++) {
      numbers.put(hosts.get(h).id(), h);
    }
    shapes = new Shapes(hosts, around.policy());
    loads = new Loads(hosts, around.policy());
    for (int h = 0; h < hosts.size(); h++) {
      loads.refresh(h, shapes.of(h));
    }
    int[] order = order(Row.MEMORY_RATE, Row.CPU_RATE, Row.DISK_RATE, Row.ARRIVAL_RATE);
    placeInAll = new int[order.length];
    for (int i = 0; i < order.length; i++) {
      placeInAll[order[i]] = i;
    }
    all = new HostTree(loads.rows(), order);
    // To those that have a base nothing comes.
    int[] warm = order(Row.MEMORY_RATE, Row.CPU_RATE, Row.DISK_RATE);
    bases = new BaseTable(hosts, warm, loads.rows(), around.relatives());
    supply = new Supply(hosts, around.policy(), bases);
    comings = new Comings(hosts.size(), bases);
    for (int h : order) {
      addComing(h);
    }
    around.groups().hosts().forEach(this::group);
  }

  /**
   * Hosts that are alike are neighbours in the trees: then what a block promises, its hosts keep.
   * First come rates, of which the bound takes the least, then what rules ask for, then the cost.
   */
  private int[] order(int... rates) {
    long[] rows = loads.rows();
    Comparator<Integer> alike = (_, _) -> 0;
    for (int rate : rates) {
      alike = alike.thenComparingLong(h -> rows[h * Row.LENGTH + rate]);
    }
    return IntStream.range(0, hosts.size())
        .boxed()
        .sorted(
            alike
                .thenComparingInt(shapes::of)
                .thenComparingLong(h -> rows[h * Row.LENGTH + Row.STANDING]))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** What is beside the hosts. */
  public record Surroundings(Relatives relatives, Groups groups, Policy policy) {
    public static Surroundings of(Policy policy) {
      return new Surroundings(Relatives.NONE, Groups.NONE, policy);
    }
  }

  /** The fleet of these hosts. */
  public static FleetSnapshot of(List<HostSnapshot> hosts, Surroundings around) {
    return new FleetSnapshot(
        hosts.stream().sorted(Comparator.comparing(HostSnapshot::id)).toList(), around);
  }

  /** What is on its way shares the host's link: each gets its part, until it is there. */
  private void addComing(int host) {
    Map<DiskId, Long> coming = hosts.get(host).bases().coming();
    long all = loads.comingBytes(host);
    coming.forEach((id, bytes) -> {
      if (!hosts.get(host).bases().ready().contains(id)) {
        int number = bases.number(id);
        long mebibytes = Row.mebibytes(Math.min(all, bytes * coming.size()));
        long supplyNanos = supply.nanosPerMebibyte(number);
        comings.add(
            host,
            number,
            mebibytes * Math.max(loads.nanosPerMebibyte(host), supplyNanos),
            mebibytes * arrivalRate(host, supplyNanos));
      }
    });
  }

  /** What each MiB costs that comes to this host from all who have it. */
  long arrivalRate(int host, long supplyNanos) {
    long[] rows = loads.rows();
    int at = host * Row.LENGTH;
    return Math.max(rows[at + Row.ARRIVAL_RATE], supplyNanos * rows[at + Row.SECOND_WEIGHT] / 1000);
  }

  /** The request in the numbers of this fleet. */
  Request request(VmNeeds needs) {
    List<BaseWanted> wanted = new ArrayList<>(needs.bases().size());
    for (Map.Entry<DiskId, Long> base : needs.bases().entrySet()) {
      int number = bases.number(base.getKey());
      wanted.add(
          new BaseWanted(
              number,
              base.getKey(),
              base.getValue(),
              bases.kin(base.getKey()),
              supply.nanosPerMebibyte(number)));
    }
    GroupHosts group =
        needs
            .wishes()
            .group()
            .map(g -> groups.computeIfAbsent(g.name(), _ -> new GroupHosts()))
            .orElse(null);
    return new Request(
        needs,
        wanted,
        new Request.Scope(shapes.suited(Shapes.Demand.of(needs)), only(needs.wishes()), group),
        loads.copyNanos(needs.copiedBytes()));
  }

  private int @Nullable [] only(Wishes wishes) {
    Set<HostId> named = wishes.hosts();
    if (named.isEmpty() && wishes.ruledOut().isEmpty()) {
      return null;
    }
    return (named.isEmpty() ? numbers.keySet() : named)
        .stream()
            .filter(host -> numbers.containsKey(host) && !wishes.ruledOut().containsKey(host))
            .mapToInt(numbers::get)
            .sorted()
            .toArray();
  }

  /** From now on the VMs of this group are on these hosts. */
  public void group(String name, Set<HostId> members) {
    GroupHosts group = new GroupHosts();
    for (HostId member : members) {
      Integer number = numbers.get(member);
      if (number != null) {
        group.add(number);
      }
    }
    groups.put(name, group);
  }

  /** A VM is on this host, whether it fits there or not; nothing if there is no such host. */
  public void place(HostId host, VmNeeds needs) {
    Integer number = numbers.get(host);
    if (number != null) {
      place(number, request(needs));
    }
  }

  /** The VM goes to this host, as far as this fleet is concerned. */
  void place(int host, Request request) {
    long diskBytes = request.needs().diskBytes();
    long newlyComing = 0;
    int coming = 0;
    long[] rows = loads.rows();
    long cost = rows[host * Row.LENGTH + Row.COLD] - rows[host * Row.LENGTH + Row.STANDING];
    long nanos = loads.nanosBefore(host);
    for (BaseWanted base : request.bases()) {
      if (isMissing(host, base.number())) {
        long missing = bases.missing(host, base.kin(), base.bytes());
        long mebibytes = Row.mebibytes(missing);
        cost += mebibytes * arrivalRate(host, base.supplyNanos());
        nanos += mebibytes * Math.max(loads.nanosPerMebibyte(host), base.supplyNanos());
        comings.add(host, base.number(), nanos, cost);
        diskBytes += base.bytes();
        newlyComing += missing;
        coming++;
      }
    }
    GroupHosts group = request.group();
    if (group != null) {
      group.add(host);
    }
    placed.add(
        new Placed(
            loads.take(host, request.needs(), diskBytes, newlyComing), coming, request.group()));
    refresh(host);
  }

  /** How many such VMs would find room there, one after the other. */
  int roomFor(int host, Request request) {
    long[] rows = loads.rows();
    int at = host * Row.LENGTH;
    VmNeeds needs = request.needs();
    long byMemory = rows[at + Row.MEMORY_LEFT] / Math.max(1, needs.memoryBytes());
    long disk = rows[at + Row.DISK_LEFT] - bytesToCome(host, request);
    long byDisk = disk / Math.max(1, needs.diskBytes());
    HostSnapshot.Room room = hosts.get(host).room();
    long byCpus = (room.cpuPromises() - loads.cpusReserved(host)) / Math.max(1, needs.cpus());
    long most = Math.clamp(Math.min(byMemory, Math.min(byDisk, byCpus)), 0, Integer.MAX_VALUE);
    boolean one = needs.wishes().group().filter(g -> g.rule() == GroupRule.APART).isPresent();
    return (int) (one ? Math.min(1, most) : most);
  }

  /** What the bases take that have to come there for the request. */
  long bytesToCome(int host, Request request) {
    long sum = 0;
    for (BaseWanted base : request.bases()) {
      sum += isMissing(host, base.number()) ? base.bytes() : 0;
    }
    return sum;
  }

  /** How many VMs were placed and not taken back. */
  public int placed() {
    return placed.size();
  }

  /** Takes back what was placed, until so many are left. */
  public void undo(int left) {
    while (placed.size() > left) {
      Placed last = placed.removeLast();
      int host = last.before().host();
      for (int i = 0; i < last.coming(); i++) {
        comings.removeLast(host);
      }
      GroupHosts group = last.group();
      if (group != null) {
        group.remove(host);
      }
      loads.restore(last.before());
      refresh(host);
    }
  }

  private void refresh(int host) {
    loads.refresh(host, shapes.of(host));
    all.changed(placeInAll[host]);
    bases.changed(host);
    comings.changed(host);
  }

  private boolean isMissing(int host, int base) {
    return !bases.isReady(host, base) && comings.cost(host, base) == Comings.NOT_COMING;
  }

  /** How many hosts there are. */
  public int size() {
    return hosts.size();
  }

  HostSnapshot host(int number) {
    return hosts.get(number);
  }

  Shapes shapes() {
    return shapes;
  }

  Loads loads() {
    return loads;
  }

  BaseTable bases() {
    return bases;
  }

  Comings comings() {
    return comings;
  }

  HostTree all() {
    return all;
  }
}
