package dev.ratoon.server.inventory;

import dev.ratoon.protocol.agent.HostReport;
import java.util.List;
import java.util.Optional;

/** What of a host's report is worth more than to be remembered. */
final class HostNews {
  /** So much of a disk may be used up before it is told to others. */
  private static final int PARTS_OF_A_DISK = 50;

  private HostNews() {}

  /**
   * Whether a report says nothing that another did not say, but for how much was moved and hardly
   * more or less room on the disk. What VMs do is not compared.
   */
  static boolean isNone(HostReport before, HostReport now) {
    long disk = now.facts().diskTotalBytes() / PARTS_OF_A_DISK;
    return Math.abs(before.facts().diskFreeBytes() - now.facts().diskFreeBytes()) <= disk
        && sameVms(before, now)
        && still(before).equals(still(now));
  }

  /** One that is missing may have been purged. */
  private static boolean sameVms(HostReport before, HostReport now) {
    if (before.vms().size() != now.vms().size()) {
      return false;
    }
    for (int i = 0; i < now.vms().size(); i++) {
      if (!before.vms().get(i).id().equals(now.vms().get(i).id())) {
        return false;
      }
    }
    return true;
  }

  private static HostReport still(HostReport r) {
    return new HostReport(
        r.id(),
        r.name(),
        r.incarnation(),
        r.revision(),
        r.facts().lasting(),
        r.hypervisorProblem(),
        r.replicas(),
        List.of(),
        r.unknownVms(),
        r.chunkAddress(),
        r.bases(),
        Optional.empty(),
        r.findings(),
        r.shares(),
        r.adopted());
  }
}
