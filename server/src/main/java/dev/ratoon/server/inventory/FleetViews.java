package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.Problem;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.protocol.agent.DiskReport;
import dev.ratoon.protocol.agent.HostFacts;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.ReplicaReport;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.protocol.api.BaseView;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.ImageTable.ImageRow;
import dev.ratoon.server.store.MemberTable.Member;
import dev.ratoon.server.store.Piece;
import dev.ratoon.server.store.Promised;
import dev.ratoon.server.store.Transaction;
import dev.ratoon.server.store.VmRow;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Shows hosts, and base disks with who stands on them. */
public final class FleetViews {
  private final Database database;
  private final Hosts hosts;
  private final Observations observations;

  FleetViews(Database database, Hosts hosts, Observations observations) {
    this.database = database;
    this.hosts = hosts;
    this.observations = observations;
  }

  /** The hosts by name. */
  public Piece<HostView> hosts(Piece.Wanted wanted) {
    String after = wanted.after().orElse("");
    List<Hosts.Seen> found =
        hosts.all().stream()
            .filter(host -> host.report().name().text().compareTo(after) > 0)
            .limit(wanted.limit() + 1)
            .toList();
    return views(Piece.of(found, wanted, host -> host.report().name().text()));
  }

  public HostView host(String nameOrId) {
    List<Hosts.Seen> found =
        hosts.any().stream()
            .filter(host ->
                host.report().name().text().equals(nameOrId)
                    || host.report().id().toString().equals(nameOrId))
            .limit(1)
            .toList();
    return views(new Piece<>(found, Optional.empty())).values().stream()
        .findFirst()
        .orElseThrow(() ->
            Problem.of(ErrorCode.NOT_FOUND, "finding the host " + nameOrId)
                .next("'ratoon host list' shows those that exist.")
                .asException());
  }

  private Piece<HostView> views(Piece<Hosts.Seen> some) {
    return database.read(tx -> {
      Map<HostId, Promised> promised =
          tx.vms().promised(some.values().stream().map(host -> host.report().id()).toList());
      SpaceRules space = SpaceRules.of(tx);
      return some.map(host -> view(host, memory(promised, host), space));
    });
  }

  private static long memory(Map<HostId, Promised> promised, Hosts.Seen host) {
    return Optional.ofNullable(promised.get(host.report().id()))
        .map(Promised::memoryBytes)
        .orElse(0L);
  }

  private HostView view(Hosts.Seen host, long memoryReservedBytes, SpaceRules space) {
    HostReport report = host.report();
    HostFacts facts = report.facts();
    Optional<Member> member = hosts.member(report.id());
    return new HostView(
        report.id(),
        report.name(),
        hosts.connected(host),
        host.reportedAt(),
        facts.cpus(),
        facts.memoryBytes(),
        memoryReservedBytes,
        facts.diskTotalBytes(),
        facts.diskFreeBytes(),
        facts.accelerator(),
        facts.hypervisor(),
        facts.networks(),
        facts.bridges(),
        facts.uefi(),
        report.vms().size(),
        report.replicas().size(),
        hosts.problem(host),
        report.unknownVms(),
        member.flatMap(Member::cluster),
        member.map(m -> List.copyOf(m.tags())).orElse(List.of()),
        member.filter(Member::maintenance).isPresent(),
        facts.fileSystems(),
        report.transfers(),
        report.findings(),
        member.flatMap(Member::limitBytesPerSecond),
        facts.architecture(),
        facts.cpuLevel(),
        member.filter(Member::draining).isPresent(),
        space.problem(report));
  }

  /** Every base disk that a host has or that an image of the tenant names. */
  public List<BaseView> bases(String tenant) {
    return database.read(tx -> bases(tx, tenant));
  }

  private List<BaseView> bases(Transaction tx, String tenant) {
    Map<DiskId, Long> sizes = new TreeMap<>();
    Map<DiskId, List<BaseView.ReplicaView>> replicas = new HashMap<>();
    for (Hosts.Seen host : hosts.all()) {
      for (ReplicaReport replica : host.report().replicas()) {
        sizes.put(replica.diskId(), replica.sizeBytes());
        add(
            replicas.computeIfAbsent(replica.diskId(), id -> new ArrayList<>()),
            host.report().name(),
            replica);
      }
    }
    Map<DiskId, List<ImageRef>> images =
        tx.images().all(tenant).stream()
            .peek(image -> sizes.putIfAbsent(image.diskId(), image.sizeBytes()))
            .collect(
                Collectors.groupingBy(
                    ImageRow::diskId, Collectors.mapping(ImageRow::image, Collectors.toList())));
    Map<DiskId, List<BaseView.ChildView>> children = children(tx.vms().all(tenant));
    return sizes.entrySet().stream()
        .map(base ->
            new BaseView(
                base.getKey(),
                base.getValue(),
                replicas.getOrDefault(base.getKey(), List.of()),
                images.getOrDefault(base.getKey(), List.of()),
                children.getOrDefault(base.getKey(), List.of())))
        .sorted(Comparator.comparing(BaseView::diskId))
        .toList();
  }

  /** One on a share is one, however many hosts see it; who has found it wrong knows better. */
  private static void add(
      List<BaseView.ReplicaView> known, EntityName host, ReplicaReport replica) {
    Optional<BaseView.ReplicaView> same =
        known.stream()
            .filter(view -> !view.cache().isEmpty() && view.cache().equals(replica.cache()))
            .findFirst();
    known.removeAll(same.stream().toList());
    known.add(
        new BaseView.ReplicaView(
            same.map(BaseView.ReplicaView::host).orElse(host),
            replica.layout(),
            same.map(BaseView.ReplicaView::state)
                .filter(ReplicaState.SUSPECT::equals)
                .orElse(replica.state()),
            replica.path(),
            replica.storedBytes(),
            replica.percent(),
            replica.verifiedAt(),
            replica.cache(),
            Stream.concat(same.stream().flatMap(view -> view.hosts().stream()), Stream.of(host))
                .toList()));
  }

  private Map<DiskId, List<BaseView.ChildView>> children(List<VmRow> vms) {
    Map<DiskId, List<BaseView.ChildView>> children = new HashMap<>();
    for (VmRow vm : vms) {
      Optional<VmReport> seen = observations.of(vm);
      for (int i = 0; i < vm.spec().disks().size(); i++) {
        VmRow.Disk disk = vm.spec().disks().get(i);
        int number = i;
        Optional<DiskReport> report = seen.flatMap(each -> each.disk(number));
        if (disk.made().differencing() && disk.made().base().isPresent()) {
          children
              .computeIfAbsent(disk.made().base().get(), id -> new ArrayList<>())
              .add(
                  new BaseView.ChildView(
                      vm.name(),
                      report.map(DiskReport::path).orElse(""),
                      report.map(DiskReport::storedBytes).orElse(0L),
                      vm.trashed(),
                      report.flatMap(DiskReport::doubt)));
        }
      }
    }
    return children;
  }
}
