package dev.ratoon.agent.bases;

import dev.ratoon.cache.arrival.ArrivalProgress;
import dev.ratoon.cache.arrival.Arrivals;
import dev.ratoon.model.HostId;
import dev.ratoon.protocol.agent.TransferLimits;
import dev.ratoon.protocol.agent.TransferReport;
import dev.ratoon.protocol.agent.TransferReport.Arrived;
import dev.ratoon.protocol.agent.TransferReport.PeerTraffic;
import dev.ratoon.protocol.channel.AskerSettings;
import dev.ratoon.protocol.channel.ChunkServer;
import dev.ratoon.protocol.channel.RateLimit;
import dev.ratoon.protocol.channel.Rates;
import dev.ratoon.protocol.channel.ServingSettings;
import dev.ratoon.protocol.channel.Traffic;
import dev.ratoon.protocol.channel.Uploads;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** What goes between this host and others: held to limits, counted, and timed. */
final class Transfers implements AutoCloseable {
  private static final long LOOK_MILLIS = 500;

  private final String run = UUID.randomUUID().toString();
  private final RateLimit giving = RateLimit.none();
  private final RateLimit taking = RateLimit.none();
  private final RateLimit library = RateLimit.none();
  private final Uploads uploads = new Uploads();
  private final Map<HostId, Speed> speeds = new ConcurrentHashMap<>();
  private final ScheduledExecutorService looking =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("speed").daemon().factory());

  ServingSettings serving() {
    return ServingSettings.usual().heldTo(new Rates(giving, library, uploads));
  }

  AskerSettings asking() {
    return AskerSettings.usual().taking(taking);
  }

  /** From now on, for what is under way too. */
  void limit(TransferLimits limits) {
    hold(giving, limits.giveBytesPerSecond());
    hold(taking, limits.takeBytesPerSecond());
    hold(library, limits.libraryBytesPerSecond());
    uploads.change(limits.libraryUploads());
  }

  private static void hold(RateLimit rate, long bytesPerSecond) {
    if (bytesPerSecond == 0) {
      rate.lift();
    } else {
      rate.change(bytesPerSecond);
    }
  }

  /** Begins to time what comes from others. */
  void watch(Peers peers) {
    var _ =
        looking.scheduleWithFixedDelay(
            () -> look(peers), LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
  }

  private void look(Peers peers) {
    long now = System.nanoTime();
    peers
        .traffic()
        .forEach(
            (host, traffic) -> speeds.computeIfAbsent(host, _ -> new Speed()).look(traffic, now));
  }

  TransferReport report(ChunkServer served, Peers peers, Arrivals arrivals) {
    Map<HostId, Traffic> came = peers.traffic();
    Map<HostId, Traffic> went = served.trafficByHost();
    Set<HostId> hosts = new TreeSet<>(came.keySet());
    hosts.addAll(went.keySet());
    List<PeerTraffic> all = new ArrayList<>();
    for (HostId host : hosts) {
      all.add(
          peer(host, came.getOrDefault(host, Traffic.NONE), went.getOrDefault(host, Traffic.NONE)));
    }
    Traffic asked = peers.trafficOfAll();
    Traffic given = served.traffic();
    return new TransferReport(
        run,
        asked.wireBytesIn() + given.wireBytesIn(),
        asked.wireBytesOut() + given.wireBytesOut(),
        all,
        arrived(arrivals));
  }

  private PeerTraffic peer(HostId host, Traffic came, Traffic went) {
    Speed speed = speeds.get(host);
    return new PeerTraffic(
        host,
        came.wireBytesIn() + went.wireBytesIn(),
        came.deployBytes(),
        came.precacheBytes(),
        came.wireBytesOut() + went.wireBytesOut(),
        went.deployBytes(),
        went.precacheBytes(),
        speed == null ? 0 : speed.bytesPerSecond(System.nanoTime()));
  }

  private static Arrived arrived(Arrivals arrivals) {
    ArrivalProgress total = arrivals.total();
    return new Arrived(
        arrivals.underWay().size(),
        total.relativeBytes(),
        total.fetchedBytes() - total.libraryBytes(),
        total.libraryBytes());
  }

  @Override
  public void close() {
    looking.shutdownNow();
  }
}
