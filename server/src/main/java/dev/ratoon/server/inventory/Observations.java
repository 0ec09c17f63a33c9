package dev.ratoon.server.inventory;

import dev.ratoon.model.HostId;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.DiskReport;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.server.store.VmRow;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The latest report of each VM whose host reports to this server; of others, and before the first,
 * the one that was kept.
 */
final class Observations {
  private final Map<HostId, Map<VmId, VmReport>> latest = new ConcurrentHashMap<>();

  void put(HostId host, VmReport report) {
    latest.computeIfAbsent(host, _ -> new ConcurrentHashMap<>()).put(report.id(), report);
  }

  void forget(VmRow vm) {
    of(vm.host()).remove(vm.id());
  }

  /** The host reports to another server from now on, or to none. */
  void forget(HostId host) {
    latest.remove(host);
  }

  boolean isNews(HostId host, VmReport report) {
    return !report.equals(of(host).get(report.id()));
  }

  /**
   * Whether it says only how far a VM has come on its way to what was wanted of it already when the
   * same host last spoke of it.
   */
  boolean isProgress(HostId host, VmReport report) {
    VmReport before = of(host).get(report.id());
    return before != null
        && isOnItsWay(before)
        && isOnItsWay(report)
        && before.epoch() == report.epoch()
        && before.powerRevision() == report.powerRevision();
  }

  /** What is on its way is reported again after a crash, so it is not worth a write. */
  static boolean isOnItsWay(VmReport report) {
    return report.state() == VmState.DEPLOYING && !report.settled();
  }

  Optional<VmReport> of(VmRow vm) {
    // What a host said of it that has it no more says nothing of it now.
    return Optional.ofNullable(of(vm.host()).get(vm.id()))
        .filter(report -> report.epoch() >= vm.epoch())
        .or(() -> vm.observed().filter(report -> report.epoch() >= vm.epoch()));
  }

  private Map<VmId, VmReport> of(HostId host) {
    return latest.getOrDefault(host, Map.of());
  }

  /** A report without what changes all the time or is worth nothing after a restart. */
  static VmReport lasting(VmReport r) {
    return new VmReport(
        r.id(),
        r.epoch(),
        r.powerRevision(),
        r.settled(),
        r.state(),
        List.of(),
        r.problem(),
        r.disks().stream()
            .map(d ->
                new DiskReport(
                    d.path(),
                    d.base(),
                    d.basePath(),
                    d.sizeBytes(),
                    0,
                    d.copiedBytes(),
                    d.suspicion(),
                    d.missing()))
            .toList(),
        r.address(),
        r.sshPort(),
        r.startedAt(),
        r.userlandAt(),
        r.restarts(),
        r.layering(),
        r.machine());
  }
}
