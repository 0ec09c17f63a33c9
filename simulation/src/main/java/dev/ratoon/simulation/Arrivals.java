package dev.ratoon.simulation;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.agent.ServerLink;
import dev.ratoon.protocol.agent.Whereabouts;
import dev.ratoon.protocol.agent.Whereabouts.Kind;
import dev.ratoon.protocol.agent.Whereabouts.Place;
import dev.ratoon.simulation.HostCache.Arrival;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Brings base disks to one host, piece by piece: each piece as fast as the links between the two
 * hosts are just then. However many VMs wait for a base, it comes once.
 */
final class Arrivals {
  private static final Duration PIECE = Duration.ofSeconds(1);
  private static final Duration PAUSE = Duration.ofSeconds(1);
  private static final int PIECES_BETWEEN_QUESTIONS = 10;
  private static final double NANOS = 1e9;

  private final HostId host;
  private final int actor;
  private final Surroundings around;
  private final ServerLink server;
  private final HostCache cache;
  private final Runnable progress;
  private final Map<DiskId, List<Runnable>> waiting = new HashMap<>();

  /** Counts how often all of it was given up: what was begun before then is dropped. */
  private int life;

  Arrivals(
      SimulatedHost.Self self,
      Surroundings around,
      ServerLink server,
      HostCache cache,
      Runnable progress) {
    this.host = self.id();
    this.actor = self.number();
    this.around = around;
    this.server = server;
    this.cache = cache;
    this.progress = progress;
  }

  /** Runs {@code then} once the base is there. */
  void bring(DiskId base, Runnable then) {
    if (cache.has(base)) {
      then.run();
      return;
    }
    waiting.computeIfAbsent(base, _ -> new ArrayList<>()).add(then);
    Arrival arrival = cache.arrival(base);
    if (!arrival.moving) {
      arrival.moving = true;
      look(arrival);
    }
  }

  /** The host or its agent is gone: nothing comes any more, and nobody waits. */
  void stop() {
    life++;
    waiting.keySet().forEach(base -> cache.arrival(base).moving = false);
    waiting.clear();
  }

  private void later(Duration delay, Runnable action) {
    int begun = life;
    around
        .scheduler()
        .after(
            delay,
            actor,
            () -> {
              if (begun == life) {
                action.run();
              }
            });
  }

  private void look(Arrival arrival) {
    Optional<HostId> source = Optional.empty();
    try {
      source = source(arrival, server.whereabouts(host, arrival.base.id()));
    } catch (RatoonException notNow) {
      // Asked again below.
    }
    source.ifPresentOrElse(from -> piece(arrival, from), () -> later(PAUSE, () -> look(arrival)));
  }

  /**
   * Of those that have more of it the one from which it comes fastest; the library where there is
   * no other.
   */
  private Optional<HostId> source(Arrival arrival, Whereabouts where) {
    Links links = around.links();
    return where.places().stream()
        .filter(place -> place.kind() != Kind.LIBRARY)
        .filter(place ->
            links.partHad(place.host(), arrival.base.id())
                > (double) arrival.doneBytes() / arrival.totalBytes)
        .map(Place::host)
        .max(Comparator.comparingLong(from -> links.bytesPerSecond(from, host)))
        .filter(from -> links.bytesPerSecond(from, host) > 0)
        .or(() ->
            where.places().stream()
                .filter(place -> place.kind() == Kind.LIBRARY)
                .map(Place::host)
                .findFirst());
  }

  private void piece(Arrival arrival, HostId from) {
    Links links = around.links();
    links.flow(from, host, 1);
    long rate = links.bytesPerSecond(from, host);
    long left = arrival.totalBytes - arrival.doneBytes();
    if (rate == 0) {
      links.flow(from, host, -1);
      later(PAUSE, () -> look(arrival));
      return;
    }
    long bytes = Math.min(left, rate);
    Duration takes = bytes == rate ? PIECE : Duration.ofNanos((long) (bytes * NANOS / rate));
    int begun = life;
    around
        .scheduler()
        .after(
            takes,
            actor,
            () -> {
              links.flow(from, host, -1);
              if (begun == life) {
                come(arrival, from, bytes);
              }
            });
  }

  private void come(Arrival arrival, HostId from, long bytes) {
    arrival.come(bytes);
    around.links().count(bytes);
    if (arrival.doneBytes() >= arrival.totalBytes) {
      cache.put(arrival.base.id());
      List<Runnable> all = waiting.remove(arrival.base.id());
      (all == null ? List.<Runnable>of() : all).forEach(Runnable::run);
    } else if (++arrival.asked % PIECES_BETWEEN_QUESTIONS == 0) {
      look(arrival);
    } else {
      piece(arrival, from);
    }
    progress.run();
  }
}
