package dev.ratoon.server.inventory;

import dev.ratoon.model.HostId;
import dev.ratoon.model.VmId;
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
    latest.computeIfAbsent(host, same -> new ConcurrentHashMap<>()).put(report.id(), report);
  }

  void forget(VmRow vm) {
    latest.getOrDefault(vm.host(), Map.of()).remove(vm.id());
  }

  /** The host reports to another server from now on, or to none. */
  void forget(HostId host) {
    latest.remove(host);
  }

  boolean isNews(HostId host, VmReport report) {
    return !report.equals(latest.getOrDefault(host, Map.of()).get(report.id()));
  }

  Optional<VmReport> of(VmRow vm) {
    return Optional.ofNullable(latest.getOrDefault(vm.host(), Map.of()).get(vm.id()))
        .or(vm::observed);
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
                    d.suspicion()))
            .toList(),
        r.address(),
        r.sshPort(),
        r.startedAt(),
        r.userlandAt(),
        r.restarts(),
        r.layering());
  }
}
