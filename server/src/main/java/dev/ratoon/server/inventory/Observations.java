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

/** The latest report of each VM in this run of the server; before it, the one that was kept. */
final class Observations {
  private final Map<VmId, Seen> latest = new ConcurrentHashMap<>();

  /** A report, and the host of which it was accepted. */
  private record Seen(HostId host, VmReport report) {}

  void put(HostId host, VmReport report) {
    latest.put(report.id(), new Seen(host, report));
  }

  void forget(VmId vm) {
    latest.remove(vm);
  }

  boolean isNews(VmReport report) {
    Seen before = latest.get(report.id());
    return before == null || !report.equals(before.report());
  }

  /**
   * Whether it says only how far a VM has come on its way to what was wanted of it already when the
   * same host last spoke of it.
   */
  boolean isProgress(HostId host, VmReport report) {
    Seen before = latest.get(report.id());
    return before != null
        && before.host().equals(host)
        && isOnItsWay(before.report())
        && isOnItsWay(report)
        && before.report().epoch() == report.epoch()
        && before.report().powerRevision() == report.powerRevision();
  }

  /** What is on its way is reported again after a crash, so it is not worth a write. */
  static boolean isOnItsWay(VmReport report) {
    return report.state() == VmState.DEPLOYING && !report.settled();
  }

  Optional<VmReport> of(VmRow vm) {
    return Optional.ofNullable(latest.get(vm.id())).map(Seen::report).or(vm::observed);
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
        r.restarts());
  }
}
