package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.model.ShareKind;
import dev.ratoon.model.ShareState;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DiskReport;
import dev.ratoon.protocol.agent.ShareCredentials;
import dev.ratoon.protocol.agent.ShareReport;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.protocol.api.ShareView;
import dev.ratoon.server.inventory.Hosts.Seen;
import dev.ratoon.server.store.ImageTable.ImageRow;
import dev.ratoon.server.store.ShareTable.ShareRow;
import dev.ratoon.server.store.Transaction;
import dev.ratoon.server.store.VmRow;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** Shows shared caches: how their hosts find them, what is there, and who stands on it. */
final class ShareViews {
  private final Hosts hosts;
  private final Observations observations;

  ShareViews(Hosts hosts, Observations observations) {
    this.hosts = hosts;
    this.observations = observations;
  }

  ShareView view(Transaction tx, ShareRow share, String tenant) {
    return new ShareView(
        share.name(),
        share.kind(),
        share.location(),
        share.cluster(),
        share.credentials().map(ShareCredentials::user),
        users(share).stream().map(host -> host(tx, share, host)).toList(),
        bases(tx, share, tenant));
  }

  private List<Seen> users(ShareRow share) {
    return hosts.all().stream()
        .filter(host -> {
          HostId id = host.report().id();
          return share.isFor(id, hosts.member(id).flatMap(member -> member.cluster()));
        })
        .toList();
  }

  private static Optional<ShareReport> report(Seen host, ShareRow share) {
    return host.report().shares().stream()
        .filter(report -> report.name().equals(share.name()))
        .findFirst();
  }

  private ShareView.HostOfShare host(Transaction tx, ShareRow share, Seen host) {
    Optional<ShareReport> report = report(host, share);
    return new ShareView.HostOfShare(
        host.report().name(),
        report.map(ShareReport::state).orElse(ShareState.PREPARING),
        report.flatMap(ShareReport::problem),
        report.map(ShareReport::freeBytes).orElse(0L),
        standing(tx, share, host.report().id()).stream().map(VmRow::name).sorted().toList());
  }

  /** The VMs whose disks are children of bases on the share. */
  List<VmRow> standing(Transaction tx, ShareRow share) {
    return users(share).stream()
        .flatMap(host -> standing(tx, share, host.report().id()).stream())
        .toList();
  }

  private List<VmRow> standing(Transaction tx, ShareRow share, HostId host) {
    return share.kind() == ShareKind.MOUNTED
        ? tx.vms().onHost(host).stream().filter(vm -> standsOn(vm, share)).toList()
        : List.of();
  }

  /** A disk of which it is not known what it stands on may stand on it. */
  private boolean standsOn(VmRow vm, ShareRow share) {
    Path root = Path.of(share.location());
    Optional<VmReport> seen = observations.of(vm);
    return IntStream.range(0, vm.spec().disks().size())
        .anyMatch(i -> {
          DesiredDisk made = vm.spec().disks().get(i).made();
          return seen.flatMap(report -> report.disk(i))
              .flatMap(DiskReport::basePath)
              .map(path -> Path.of(path).startsWith(root))
              .orElse(made.differencing() && made.base().isPresent());
        });
  }

  /** As the host sees it that sees most of it. */
  private List<ShareView.BaseOnShare> bases(Transaction tx, ShareRow share, String tenant) {
    Map<DiskId, ShareReport.Base> seen = new TreeMap<>();
    for (Seen host : users(share)) {
      report(host, share)
          .map(ShareReport::bases)
          .orElse(List.of())
          .forEach(base -> seen.merge(base.diskId(), base, ShareViews::better));
    }
    share
        .fill()
        .forEach(id ->
            seen.putIfAbsent(
                id, new ShareReport.Base(id, ReplicaState.ARRIVING, 0, 0, 0, Optional.empty())));
    List<ImageRow> images = tx.images().all(tenant);
    return seen.values().stream()
        .map(base ->
            new ShareView.BaseOnShare(
                base.diskId(),
                images.stream()
                    .filter(image -> image.diskId().equals(base.diskId()))
                    .map(ImageRow::image)
                    .toList(),
                base.state(),
                base.sizeBytes(),
                base.storedBytes(),
                base.percent(),
                base.problem()))
        .toList();
  }

  /** A host that has found it wrong knows better than those that have not read it. */
  private static ShareReport.Base better(ShareReport.Base a, ShareReport.Base b) {
    return rank(b) > rank(a) ? b : a;
  }

  private static int rank(ShareReport.Base base) {
    return switch (base.state()) {
      case SUSPECT -> 1000;
      case READY -> 500;
      case ARRIVING -> base.percent() + (base.problem().isPresent() ? 1 : 0);
    };
  }
}
