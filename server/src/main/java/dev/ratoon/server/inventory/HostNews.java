package dev.ratoon.server.inventory;

import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.Findings;
import dev.ratoon.protocol.agent.HostReport;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What of a host's report is worth more than to be remembered. */
final class HostNews {
  /** So much of a disk may be used up before it is told to others. */
  private static final int PARTS_OF_A_DISK = 50;

  private HostNews() {}

  /**
   * Whether a report says nothing that another did not say, but for how much was moved, hardly more
   * or less room on the disk, a newer revision that was taken up, and more VMs. What VMs do is not
   * compared.
   */
  static boolean isNone(HostReport before, HostReport now) {
    return !isDiskNews(before, now)
        && now.revision() >= before.revision()
        && noneVanished(before, now)
        && still(before).equals(still(now));
  }

  /** Whether there is so much more or less room that others should know. */
  static boolean isDiskNews(HostReport before, HostReport now) {
    long disk = now.facts().diskTotalBytes() / PARTS_OF_A_DISK;
    return Math.abs(before.facts().diskFreeBytes() - now.facts().diskFreeBytes()) > disk;
  }

  /** One that is missing may have been purged. */
  private static boolean noneVanished(HostReport before, HostReport now) {
    Set<VmId> there = new HashSet<>();
    now.vms().forEach(vm -> there.add(vm.id()));
    return before.vms().stream().allMatch(vm -> there.contains(vm.id()));
  }

  private static Optional<Findings> still(Optional<Findings> findings) {
    return findings.map(
        f -> new Findings(0, f.run(), f.strays(), f.blockJobs(), f.leftovers(), f.leftoverCount()));
  }

  private static HostReport still(HostReport r) {
    return new HostReport(
        r.id(),
        r.name(),
        r.incarnation(),
        0,
        r.facts().lasting(),
        r.hypervisorProblem(),
        r.replicas(),
        List.of(),
        r.unknownVms(),
        r.chunkAddress(),
        r.bases(),
        Optional.empty(),
        still(r.findings()),
        r.shares(),
        r.adopted());
  }
}
