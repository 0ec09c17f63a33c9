package dev.ratoon.server.inventory;

import dev.ratoon.model.Layout;
import dev.ratoon.protocol.agent.AdoptedDisk;
import dev.ratoon.protocol.agent.AdoptedReport;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.ReplicaReport;

/** Files of operators that are read, but that no VM stands on. */
final class AdoptedSources {
  private AdoptedSources() {}

  /**
   * Whether a VM on this base takes a copy of it in the host's cache all the same, for which there
   * has to be room. Only a file that was adopted in place spares that.
   */
  static boolean isOnlySource(HostReport report, ReplicaReport replica) {
    return replica.layout() == Layout.ADOPTED
        && report.adopted().stream()
            .map(AdoptedReport::adoptions)
            .flatMap(adoptions -> adoptions.stream())
            .flatMap(adoption -> adoption.disks().stream())
            .noneMatch(disk ->
                disk.path().equals(replica.path()) && disk.state() == AdoptedDisk.State.PARENT);
  }
}
