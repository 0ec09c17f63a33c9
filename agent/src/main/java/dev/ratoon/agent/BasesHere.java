package dev.ratoon.agent;

import dev.ratoon.agent.vm.Stores;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.Layout;
import dev.ratoon.protocol.agent.ReplicaReport;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The bases that a host has: in its cache, adopted, on shares that it sees, and on their way. */
final class BasesHere {
  private static final int WHOLE_PERCENT = 100;

  private BasesHere() {}

  /** A base that has just come may be on its way still, for those who look: it counts as here. */
  static List<ReplicaReport> of(Stores stores) {
    List<ReplicaReport> coming = stores.bases().arriving();
    List<ReplicaReport> here =
        stores.cache().replicas().stream()
            .map(r ->
                new ReplicaReport(
                    r.base().id(),
                    r.layout(),
                    r.state(),
                    r.base().path().toString(),
                    r.base().sizeBytes(),
                    r.storedBytes(),
                    WHOLE_PERCENT,
                    r.verifiedAt(),
                    "",
                    stores.cache().parent(r.base().id())))
            .toList();
    // One that is only adopted may be on its way into the cache, too.
    Set<DiskId> ids =
        here.stream()
            .filter(base -> base.layout() != Layout.ADOPTED)
            .map(ReplicaReport::diskId)
            .collect(Collectors.toSet());
    return Stream.of(
            here.stream(),
            coming.stream().filter(base -> !ids.contains(base.diskId())),
            stores.shares().replicas().stream())
        .flatMap(all -> all)
        .toList();
  }
}
