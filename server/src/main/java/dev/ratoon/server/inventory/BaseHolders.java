package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.ReplicaReport;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Which hosts speak of a base disk in their reports, so that not all reports are gone through for
 * each host that asks where one is. What they say of it is in the reports.
 */
final class BaseHolders {
  private final Map<DiskId, Set<HostId>> holders = new ConcurrentHashMap<>();

  /** A host's report has taken the place of another; each is null where there is none. */
  void changed(@Nullable HostReport before, @Nullable HostReport now) {
    if (before != null && now != null && before.replicas().equals(now.replicas())) {
      return;
    }
    Set<DiskId> had = bases(before);
    Set<DiskId> has = bases(now);
    for (DiskId base : has) {
      if (now != null && !had.contains(base)) {
        holders.computeIfAbsent(base, _ -> ConcurrentHashMap.newKeySet()).add(now.id());
      }
    }
    for (DiskId base : had) {
      if (before != null && !has.contains(base)) {
        holders.computeIfPresent(
            base,
            (same, hosts) -> {
              hosts.remove(before.id());
              return hosts.isEmpty() ? null : hosts;
            });
      }
    }
  }

  private static Set<DiskId> bases(@Nullable HostReport report) {
    return report == null
        ? Set.of()
        : report.replicas().stream().map(ReplicaReport::diskId).collect(Collectors.toSet());
  }

  Set<HostId> of(DiskId base) {
    return Set.copyOf(holders.getOrDefault(base, Set.of()));
  }
}
