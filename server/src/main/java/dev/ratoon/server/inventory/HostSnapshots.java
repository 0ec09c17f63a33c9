package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.placement.HostSnapshot;
import dev.ratoon.protocol.agent.HostFacts;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.ReplicaReport;
import dev.ratoon.server.store.Promises;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Hosts as placement needs them: what they reported, and what they have been promised to. */
final class HostSnapshots {
  private HostSnapshots() {}

  static HostSnapshot of(
      HostReport report,
      boolean connected,
      boolean maintenance,
      Optional<Problem> problem,
      Promises promises,
      double memoryRatio) {
    HostId host = report.id();
    HostFacts facts = report.facts();
    Set<DiskId> ready = new HashSet<>();
    Map<DiskId, Long> arrivedBytes = new HashMap<>();
    for (ReplicaReport replica : report.replicas()) {
      if (replica.state() == ReplicaState.READY && !AdoptedSources.isOnlySource(report, replica)) {
        ready.add(replica.diskId());
      } else if (replica.state() == ReplicaState.ARRIVING) {
        arrivedBytes.put(replica.diskId(), replica.storedBytes());
      }
    }
    Map<DiskId, Long> promised = new HashMap<>(promises.bases().getOrDefault(host, Map.of()));
    promised.keySet().removeAll(ready);
    // What has arrived is not free any more; it is not to be counted twice.
    long basesBytes =
        promised.entrySet().stream()
            .mapToLong(
                base -> Math.max(0, base.getValue() - arrivedBytes.getOrDefault(base.getKey(), 0L)))
            .sum();
    Set<DiskId> coming = new HashSet<>(promised.keySet());
    coming.addAll(arrivedBytes.keySet());
    return new HostSnapshot(
        host,
        report.name(),
        connected,
        maintenance,
        problem,
        facts.cpus(),
        (long) (facts.memoryBytes() * memoryRatio),
        promises.memoryBytes().getOrDefault(host, 0L),
        facts.diskFreeBytes(),
        promises.diskBytes().getOrDefault(host, 0L) + basesBytes,
        Set.copyOf(facts.networks()),
        Set.copyOf(facts.bridges()),
        facts.uefi(),
        ready,
        coming);
  }
}
