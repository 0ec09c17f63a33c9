package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.placement.HostSnapshot;
import dev.ratoon.placement.Policy;
import dev.ratoon.protocol.agent.HostFacts;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.ReplicaReport;
import dev.ratoon.protocol.agent.ShareReport;
import dev.ratoon.protocol.agent.TransferReport;
import dev.ratoon.protocol.agent.TransferReport.PeerTraffic;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.server.store.Promised;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Hosts as placement needs them: what they reported, and what they have been promised to. */
final class HostSnapshots {
  private static final int HUNDRED = 100;

  private final Map<HostId, Promised> promises;
  private final Map<HostId, Integer> starting;
  private final Settings settings;
  private final Map<HostId, Long> gives = new HashMap<>();

  /**
   * @param starting how many VMs are being deployed or started on each host
   * @param reports of all hosts: what one gives the others have measured
   */
  HostSnapshots(
      Map<HostId, Promised> promises,
      Map<HostId, Integer> starting,
      Settings settings,
      List<HostReport> reports) {
    this.promises = promises;
    this.starting = starting;
    this.settings = settings;
    for (HostReport report : reports) {
      for (PeerTraffic peer : peers(report)) {
        gives.merge(peer.peer(), peer.bytesPerSecond(), Math::max);
      }
    }
  }

  /** What operators say of a host. */
  record Said(Optional<EntityName> cluster, Set<String> tags, Optional<Long> limitBytesPerSecond) {}

  HostSnapshot of(HostReport report, Said said, HostSnapshot.Standing standing) {
    HostFacts facts = report.facts();
    Set<DiskId> ready = ready(report);
    return new HostSnapshot(
        report.id(),
        report.name(),
        said.cluster(),
        said.tags(),
        standing,
        new HostSnapshot.Abilities(
            facts.architecture(),
            facts.cpuLevel(),
            facts.accelerator(),
            facts.uefi(),
            Set.copyOf(facts.networks()),
            Set.copyOf(facts.bridges())),
        room(report, ready),
        bases(report, said, ready));
  }

  private HostSnapshot.Room room(HostReport report, Set<DiskId> ready) {
    HostId host = report.id();
    HostFacts facts = report.facts();
    Promised own = promises.getOrDefault(host, Promised.NOTHING);
    double cpuRatio = settings.placementOrDefault().cpuRatio();
    // What has arrived is not free any more; it is not to be counted twice.
    Map<DiskId, Long> arrived = arrivedBytes(report);
    long basesBytes =
        promised(host, ready).entrySet().stream()
            .mapToLong(
                base -> Math.max(0, base.getValue() - arrived.getOrDefault(base.getKey(), 0L)))
            .sum();
    return new HostSnapshot.Room(
        facts.cpus(),
        cpuRatio == 0 ? Long.MAX_VALUE : (long) (facts.cpus() * cpuRatio),
        own.cpus(),
        (long) (facts.memoryBytes() * settings.memoryRatio()),
        own.memoryBytes(),
        facts.diskTotalBytes(),
        facts.diskFreeBytes(),
        own.diskBytes() + basesBytes,
        own.vms(),
        starting.getOrDefault(host, 0));
  }

  private HostSnapshot.Bases bases(HostReport report, Said said, Set<DiskId> ready) {
    Map<DiskId, Long> coming = new HashMap<>();
    Map<DiskId, Long> arrived = arrivedBytes(report);
    for (ReplicaReport replica : report.replicas()) {
      if (replica.state() == ReplicaState.ARRIVING) {
        coming.put(replica.diskId(), toCome(replica));
      }
    }
    promised(report.id(), ready)
        .forEach(
            (base, bytes) -> coming.put(base, Math.max(0, bytes - arrived.getOrDefault(base, 0L))));
    coming.keySet().removeAll(ready);
    return new HostSnapshot.Bases(
        ready,
        coming,
        limited(
            peers(report).stream().mapToLong(PeerTraffic::bytesPerSecond).max().orElse(0),
            said.limitBytesPerSecond().orElse(settings.limits().takeBytesPerSecond())),
        limited(
            gives.getOrDefault(report.id(), 0L),
            said.limitBytesPerSecond().orElse(settings.limits().giveBytesPerSecond())));
  }

  /** Faster than it may be it is not, whatever was measured, and where nothing was. */
  private long limited(long measured, long limit) {
    long set = settings.placementOrDefault().bytesPerSecond();
    long usual = set == 0 ? Policy.GIGABIT : set;
    return limit == 0 ? measured : Math.min(measured == 0 ? usual : measured, limit);
  }

  /** What its own cache and the shares have that it sees. */
  private static Set<DiskId> ready(HostReport report) {
    Set<DiskId> ready = new HashSet<>();
    for (ReplicaReport replica : report.replicas()) {
      if (replica.state() == ReplicaState.READY && !AdoptedSources.isOnlySource(report, replica)) {
        ready.add(replica.diskId());
      }
    }
    for (ShareReport share : report.shares()) {
      for (ShareReport.Base base : share.bases()) {
        if (share.problem().isEmpty() && base.state() == ReplicaState.READY) {
          ready.add(base.diskId());
        }
      }
    }
    return ready;
  }

  private Map<DiskId, Long> promised(HostId host, Set<DiskId> ready) {
    Map<DiskId, Long> promised =
        new HashMap<>(promises.getOrDefault(host, Promised.NOTHING).bases());
    promised.keySet().removeAll(ready);
    return promised;
  }

  private static Map<DiskId, Long> arrivedBytes(HostReport report) {
    Map<DiskId, Long> arrived = new HashMap<>();
    for (ReplicaReport replica : report.replicas()) {
      if (replica.state() == ReplicaState.ARRIVING) {
        arrived.put(replica.diskId(), replica.storedBytes());
      }
    }
    return arrived;
  }

  /** How much is still to come of what nobody has reckoned, as its own progress says. */
  private static long toCome(ReplicaReport replica) {
    int percent = Math.clamp(replica.percent(), 0, HUNDRED);
    return percent == 0
        ? replica.sizeBytes()
        : (long) ((double) replica.storedBytes() * (HUNDRED - percent) / percent);
  }

  private static List<PeerTraffic> peers(HostReport report) {
    return report.transfers().map(TransferReport::peers).orElse(List.of());
  }
}
