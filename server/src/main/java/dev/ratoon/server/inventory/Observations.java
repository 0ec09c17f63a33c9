package dev.ratoon.server.inventory;

import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.DiskReport;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.server.store.VmRow;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The latest report of each VM in this run of the server; before it, the one that was kept. */
final class Observations {
  private final Map<VmId, VmReport> latest = new ConcurrentHashMap<>();

  void put(VmReport report) {
    latest.put(report.id(), report);
  }

  void forget(VmId vm) {
    latest.remove(vm);
  }

  boolean isNews(VmReport report) {
    return !report.equals(latest.get(report.id()));
  }

  Optional<VmReport> of(VmRow vm) {
    return Optional.ofNullable(latest.get(vm.id())).or(vm::observed);
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
