package dev.ratoon.bench.knowing;

import dev.ratoon.bench.knowing.Catalogue.Base;
import dev.ratoon.placement.Policy;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How bases come, whoever chose the hosts. A base comes to a host once; from four hosts that have
 * it, those that give to fewest; where fewer have it also from hosts to which it is coming, which
 * pass on what they get; from the library where there is neither. What comes from such hosts alone
 * is not there before one of them has it. Of a base that has a relative in the cache only what is
 * missing comes. Every host and the library send and receive at one gigabit a second each.
 */
final class Arrivals {
  private static final int MOST_SOURCES = 4;
  private static final int LOOKED_AT = 16;
  private static final double NEARLY_NOTHING = 1;

  private final Fleet fleet;
  private final int library;
  private final Links links;
  private final Random random;
  private final Set<Arrival> moving = new LinkedHashSet<>();
  private final Count count = new Count();
  private int begun;
  private double sharedAt;
  private boolean changed;

  /** What was moved, in bytes. */
  static final class Count {
    int arrivals;
    double bytes;
    double fromLibrary;
  }

  Arrivals(Fleet fleet, long seed) {
    this.fleet = fleet;
    this.library = fleet.hosts().size();
    this.random = new Random(seed);
    double[] capacity = new double[2 * library + 2];
    java.util.Arrays.fill(capacity, Policy.GIGABIT);
    links = new Links(capacity);
  }

  private static int up(int host) {
    return 2 * host;
  }

  private static int down(int host) {
    return 2 * host + 1;
  }

  Count count() {
    return count;
  }

  /** From now on the base comes to this host; what it does not use makes room for it. */
  Host.Held begin(Host host, Base base) {
    settle();
    Host.@Nullable Held relative = relative(host, base);
    if (relative != null) {
      host.use(relative);
      if (host.freeBytes() < base.bytes()) {
        host.release(relative, fleet.now());
        relative = null;
      }
    }
    while (!host.hasRoomBeside(base)) {
      evict(host, host.leastUsed().orElseThrow());
    }
    Host.Held held = host.add(base);
    long bytes = relative == null ? base.bytes() : base.missing(relative.base);
    Arrival arrival = new Arrival(begun++, host, base, relative, bytes);
    held.arrival = arrival;
    host.use(held);
    count.arrivals++;
    moving.add(arrival);
    connect(arrival);
    return held;
  }

  private static Host.@Nullable Held relative(Host host, Base base) {
    return host.held().stream()
        .filter(held -> held.ready() && base.missing(held.base) < base.bytes())
        .min(Comparator.comparingLong((Host.Held held) -> base.missing(held.base)))
        .orElse(null);
  }

  private void evict(Host host, Host.Held held) {
    host.evict(held);
    fleet.holders(held.base).remove(host);
    for (Arrival arrival : moving) {
      if (arrival.base.equals(held.base) && arrival.sources.containsKey(host.number)) {
        connect(arrival);
      }
    }
  }

  /** Chooses the sources of an arrival anew. */
  private void connect(Arrival arrival) {
    disconnect(arrival);
    Set<Integer> sources = new HashSet<>();
    List<Host> holders = fleet.holders(arrival.base);
    Set<Host> some = new LinkedHashSet<>(holders.size() <= LOOKED_AT ? holders : List.of());
    while (some.size() < Math.min(LOOKED_AT, holders.size())) {
      some.add(holders.get(random.nextInt(holders.size())));
    }
    some.stream()
        .sorted(
            Comparator.comparingInt((Host host) -> links.count(up(host.number)))
                .thenComparingInt(host -> host.number))
        .limit(MOST_SOURCES)
        .forEach(host -> sources.add(host.number));
    List<Arrival> before = before(arrival);
    if (sources.isEmpty() && !before.isEmpty()) {
      arrival.follows = before.getFirst();
      before.getFirst().followers.add(arrival);
    }
    before.stream()
        .limit(MOST_SOURCES - sources.size())
        .forEach(other -> sources.add(other.host.number));
    if (sources.isEmpty()) {
      sources.add(library);
    }
    sources.stream()
        .sorted()
        .forEach(source ->
            arrival.sources.put(source, links.add(up(source), down(arrival.host.number))));
    changed = true;
  }

  /**
   * Arrivals of the same base that began before and need no more than this one, those that pass on
   * least first.
   */
  private List<Arrival> before(Arrival arrival) {
    return moving.stream()
        .filter(other -> other.base.equals(arrival.base) && other.number < arrival.number)
        .filter(other -> other.leftBytes <= arrival.leftBytes + NEARLY_NOTHING)
        .sorted(
            Comparator.comparingInt((Arrival other) -> links.count(up(other.host.number)))
                .thenComparingInt(other -> other.number))
        .limit(MOST_SOURCES)
        .toList();
  }

  private void disconnect(Arrival arrival) {
    arrival.sources.values().forEach(links::remove);
    arrival.sources.clear();
    if (arrival.follows != null) {
      arrival.follows.followers.remove(arrival);
      arrival.follows = null;
    }
    changed = true;
  }

  /** What of an arrival has not come yet. */
  double leftBytes(Arrival arrival) {
    return Math.max(0, arrival.leftBytes - arrival.rate() * (fleet.now() - sharedAt));
  }

  /** Counts what has come since rates were given. */
  private void settle() {
    double seconds = fleet.now() - sharedAt;
    sharedAt = fleet.now();
    if (seconds > 0) {
      for (Arrival arrival : moving) {
        double bytes = Math.min(arrival.leftBytes, arrival.rate() * seconds);
        arrival.leftBytes -= bytes;
        count.bytes += bytes;
        count.fromLibrary += arrival.sources.containsKey(library) ? bytes : 0;
      }
    }
  }

  /** When the next base will have come, as things are now. */
  double nextEnd() {
    if (changed) {
      settle();
      links.share();
      changed = false;
    }
    double next = Double.MAX_VALUE;
    for (Arrival arrival : moving) {
      double rate = arrival.rate();
      if (rate > 0) {
        next = Math.min(next, sharedAt + arrival.leftBytes / rate);
      }
    }
    return next;
  }

  /** Ends what has come by now. */
  void end() {
    settle();
    List<Arrival> come =
        moving.stream().filter(arrival -> arrival.leftBytes < NEARLY_NOTHING).toList();
    for (Arrival arrival : come) {
      if (!moving.contains(arrival)) {
        continue;
      }
      if (arrival.follows == null) {
        arrived(arrival);
      } else if (!arrival.sources.isEmpty()) {
        // It has all that the other one has; it ends with it.
        arrival.sources.values().forEach(links::remove);
        arrival.sources.clear();
        changed = true;
      }
    }
  }

  private void arrived(Arrival arrival) {
    List<Arrival> followers = List.copyOf(arrival.followers);
    disconnect(arrival);
    moving.remove(arrival);
    Host.Held held = Objects.requireNonNull(arrival.host.held(arrival.base));
    held.arrival = null;
    fleet.holders(arrival.base).add(arrival.host);
    if (arrival.relative != null) {
      arrival.host.release(arrival.relative, fleet.now());
    }
    arrival.waiting.forEach(Runnable::run);
    arrival.host.release(held, fleet.now());
    for (Arrival follower : followers) {
      follower.follows = null;
      if (follower.leftBytes < NEARLY_NOTHING) {
        arrived(follower);
      }
    }
    moving.stream()
        .filter(other -> other.base.equals(arrival.base) && other.sources.size() < MOST_SOURCES)
        .filter(other -> other.leftBytes >= NEARLY_NOTHING)
        .forEach(this::connect);
  }
}
