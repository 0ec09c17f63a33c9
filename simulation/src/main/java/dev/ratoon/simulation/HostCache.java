package dev.ratoon.simulation;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.Layout;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.protocol.agent.ReplicaReport;
import dev.ratoon.simulation.Catalogue.Base;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/** The base disks that a host has, or is getting; only its own actor changes them. */
final class HostCache {
  private static final int HUNDRED = 100;

  private final Catalogue catalogue;
  private final Set<DiskId> ready = ConcurrentHashMap.newKeySet();
  private final Map<DiskId, Arrival> arriving = new ConcurrentHashMap<>();
  private final Instant verifiedAt;

  /** A base on its way; what has come stays when the host goes down. */
  static final class Arrival {
    final Base base;
    final long totalBytes;
    private final AtomicLong doneBytes = new AtomicLong();
    boolean moving;
    int asked;

    private Arrival(Base base, long totalBytes) {
      this.base = base;
      this.totalBytes = Math.max(1, totalBytes);
    }

    /** How much has come; others ask, too. */
    long doneBytes() {
      return doneBytes.get();
    }

    void come(long bytes) {
      doneBytes.addAndGet(bytes);
    }
  }

  HostCache(Catalogue catalogue, Instant verifiedAt) {
    this.catalogue = catalogue;
    this.verifiedAt = verifiedAt;
  }

  boolean has(DiskId base) {
    return ready.contains(base);
  }

  void put(DiskId base) {
    arriving.remove(base);
    ready.add(base);
  }

  /** The arrival of this base, which begins unless it is under way. */
  Arrival arrival(DiskId id) {
    return arriving.computeIfAbsent(
        id, _ -> new Arrival(catalogue.base(id), catalogue.missing(id, ready)));
  }

  /** How much of it is there, from 0 to 1; others ask, too. */
  double partHad(DiskId base) {
    Arrival arrival = arriving.get(base);
    return ready.contains(base)
        ? 1
        : arrival == null ? 0 : (double) arrival.doneBytes() / arrival.totalBytes;
  }

  long usedBytes() {
    return ready.stream().mapToLong(id -> catalogue.base(id).storedBytes()).sum()
        + arriving.values().stream().mapToLong(Arrival::doneBytes).sum();
  }

  List<ReplicaReport> reports() {
    return Stream.concat(
            ready.stream().map(id -> report(catalogue.base(id), ReplicaState.READY, HUNDRED)),
            arriving.values().stream()
                .map(arrival ->
                    report(
                        arrival.base,
                        ReplicaState.ARRIVING,
                        (int) (HUNDRED * arrival.doneBytes() / arrival.totalBytes))))
        .toList();
  }

  private ReplicaReport report(Base base, ReplicaState state, int percent) {
    return new ReplicaReport(
        base.id(),
        Layout.FLAT,
        state,
        SimulatedVm.basePath(base.id()),
        base.sizeBytes(),
        base.storedBytes() * percent / HUNDRED,
        percent,
        state == ReplicaState.READY ? Optional.of(verifiedAt) : Optional.empty(),
        "");
  }
}
