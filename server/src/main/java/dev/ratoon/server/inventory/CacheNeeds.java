package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.model.ShareKind;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DiskReport;
import dev.ratoon.protocol.agent.Findings;
import dev.ratoon.protocol.agent.Findings.Overlay;
import dev.ratoon.protocol.agent.Findings.Stray;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.ReplicaReport;
import dev.ratoon.protocol.agent.ShareReport;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.server.store.BaseWishTable.BaseWish;
import dev.ratoon.server.store.CleanUpTable;
import dev.ratoon.server.store.MigrationRow;
import dev.ratoon.server.store.OperationTable.OperationRow;
import dev.ratoon.server.store.ShareTable.ShareRow;
import dev.ratoon.server.store.Transaction;
import dev.ratoon.server.store.VmRow;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What needs a base, as far as the server knows: the one place for it. Each new way to need a base
 * adds its lines here, and in the agent's Children if it leaves files of its own on hosts.
 */
final class CacheNeeds {
  private static final int ID_DIGITS = 64;
  private static final Pattern NAMED_BY_ID = Pattern.compile("^[0-9a-f]{64}\\.");

  private final Map<String, Map<DiskId, List<String>>> byCache = new HashMap<>();
  private final Map<DiskId, List<String>> users = new HashMap<>();
  private final Map<String, List<DiskId>> used = new HashMap<>();

  private final List<ShareRow> shares;

  private CacheNeeds(List<ShareRow> shares) {
    this.shares = shares;
  }

  /** What needs the bases of these hosts and shares now. */
  static CacheNeeds of(Transaction tx, Collection<Hosts.Seen> hosts, Observations observations) {
    List<ShareRow> shares = tx.shares().all();
    CacheNeeds needs = new CacheNeeds(shares);
    for (Hosts.Seen seen : hosts) {
      HostReport host = seen.report();
      for (VmRow vm : tx.vms().onHost(host.id())) {
        needs.addVm(host, vm, observations.of(vm));
        needs.addRemembered(host, vm);
      }
      tx.migrations().onHost(host.id()).forEach(row -> needs.addComing(host, row));
      host.findings().map(Findings::strays).orElse(List.of()).forEach(s -> needs.addStray(host, s));
      tx.baseWishes().onHost(host.id()).forEach(wish -> needs.addWish(host.id(), wish));
      shares.forEach(share -> needs.addFilling(host, share));
    }
    Map<HostId, HostReport> reports = new HashMap<>();
    hosts.forEach(seen -> reports.put(seen.report().id(), seen.report()));
    tx.operations().running().forEach(operation -> needs.addOperation(operation, reports));
    return needs;
  }

  /** Only what VMs of a host stand on, whose use is noted. */
  static CacheNeeds ofVms(
      HostReport host, List<VmRow> vms, Observations observations, List<ShareRow> shares) {
    CacheNeeds needs = new CacheNeeds(shares);
    vms.forEach(vm -> needs.addVm(host, vm, observations.of(vm)));
    return needs;
  }

  /** What needs the base in this cache, in words. */
  List<String> of(String cache, DiskId base) {
    return byCache.getOrDefault(cache, Map.of()).getOrDefault(base, List.of()).stream()
        .distinct()
        .toList();
  }

  /** Who stands on each base, anywhere. */
  Map<DiskId, List<String>> users() {
    return users;
  }

  /** The bases that VMs stand on, by cache. */
  Map<String, List<DiskId>> used() {
    return used;
  }

  private void add(String cache, DiskId base, String why) {
    byCache
        .computeIfAbsent(cache, _ -> new HashMap<>())
        .computeIfAbsent(base, _ -> new ArrayList<>())
        .add(why);
  }

  /** The trash too: it is what is wanted of a VM that tells where it is, not whether it is. */
  private void addVm(HostReport host, VmRow vm, Optional<VmReport> report) {
    for (int i = 0; i < vm.spec().disks().size(); i++) {
      int number = i;
      Optional<DiskReport> disk = report.flatMap(seen -> seen.disk(number));
      boolean copied = !vm.spec().disks().get(i).made().differencing() && disk.isPresent();
      Optional<DiskId> base = vm.spec().disks().get(i).made().base();
      if (base.isPresent() && !copied) {
        addUser(host, base.get(), vm, disk.flatMap(DiskReport::basePath));
      }
    }
  }

  /** What it remembers, and what is to be made of its disks: no file of the host says so. */
  private void addRemembered(HostReport host, VmRow vm) {
    Set<DiskId> standsOn =
        vm.spec().disks().stream()
            .flatMap(disk -> disk.made().base().stream())
            .collect(Collectors.toSet());
    vm.spec()
        .bases()
        .filter(base -> !standsOn.contains(base))
        .forEach(base -> {
          users.computeIfAbsent(base, _ -> new ArrayList<>()).add("VM " + vm.name());
          for (String cache : caches(host, base, Optional.empty())) {
            add(cache, base, "VM " + vm.name() + " remembers it, or is to stand on it");
          }
        });
  }

  /** A VM that is on its way to this host. */
  private void addComing(HostReport host, MigrationRow row) {
    for (DesiredDisk disk : row.desired().disks()) {
      disk.base()
          .ifPresent(base ->
              caches(host, base, Optional.empty())
                  .forEach(cache -> add(cache, base, "VM " + row.desired().name() + " is moving")));
    }
  }

  private void addUser(HostReport host, DiskId base, VmRow vm, Optional<String> path) {
    String who = "VM " + vm.name() + (vm.trashed() ? " in the trash" : "");
    users.computeIfAbsent(base, _ -> new ArrayList<>()).add(who);
    for (String cache : caches(host, base, path)) {
      add(cache, base, who + " stands on it");
      used.computeIfAbsent(cache, _ -> new ArrayList<>()).add(base);
    }
  }

  /**
   * The cache in which the file lies; all that the host sees, if that is not known. A host may
   * stand on a share that it is not to use any more.
   */
  private List<String> caches(HostReport host, DiskId base, Optional<String> path) {
    List<String> onShares = path.map(this::sharesAt).orElse(List.of());
    if (!onShares.isEmpty()) {
      return onShares;
    }
    List<String> all = new ArrayList<>();
    all.add(CleanUpTable.of(host.id()));
    all.addAll(sharesWith(host, base));
    boolean inOwn =
        path.isPresent()
            && host.replicas().stream()
                .anyMatch(replica ->
                    replica.cache().isEmpty()
                        && replica.diskId().equals(base)
                        && path.get().equals(replica.path()));
    return inOwn ? all.subList(0, 1) : all;
  }

  /** The shares below which a file lies, whoever sees them. */
  private List<String> sharesAt(String path) {
    return shares.stream()
        .filter(share -> share.kind() == ShareKind.MOUNTED)
        .filter(share -> path.startsWith(share.location() + "/"))
        .map(share -> CleanUpTable.ofShare(share.name().text()))
        .toList();
  }

  /** The shares on which a host sees a base, about to leave or not. */
  private static List<String> sharesWith(HostReport host, DiskId base) {
    return host.shares().stream()
        .filter(share -> share.bases().stream().anyMatch(known -> known.diskId().equals(base)))
        .map(share -> CleanUpTable.ofShare(share.name().text()))
        .toList();
  }

  /** Files of Ratoon's have the disk id in their names. */
  private void addStray(HostReport host, Stray stray) {
    for (Overlay overlay : stray.overlays()) {
      String parent = overlay.parent().orElse("");
      String name = parent.substring(parent.lastIndexOf('/') + 1);
      if (NAMED_BY_ID.matcher(name).find()) {
        DiskId base = new DiskId(name.substring(0, ID_DIGITS));
        sharesAt(parent)
            .forEach(share -> add(share, base, "an unknown VM, " + stray.id() + ", stands on it"));
      }
    }
    addStrayHere(host, stray);
  }

  private void addStrayHere(HostReport host, Stray stray) {
    for (Overlay overlay : stray.overlays()) {
      String parent = overlay.parent().orElse("");
      String name = parent.substring(parent.lastIndexOf('/') + 1);
      for (ReplicaReport replica : host.replicas()) {
        boolean stands = replica.path().equals(parent) || name.startsWith(replica.diskId().hex());
        if (stands) {
          String cache =
              replica.cache().isEmpty()
                  ? CleanUpTable.of(host.id())
                  : CleanUpTable.ofShare(replica.cache());
          add(cache, replica.diskId(), "an unknown VM, " + stray.id() + ", stands on it");
        }
      }
    }
  }

  private void addWish(HostId host, BaseWish wish) {
    add(
        CleanUpTable.of(host),
        wish.base(),
        switch (wish.task()) {
          case PRECACHE -> "it was asked for beforehand (ratoon base precache)";
          case VERIFY, SCRUB -> "it is being verified";
          case EVICT -> "it is being removed already";
        });
  }

  /** Whoever has it may be the one who puts it there. */
  private void addFilling(HostReport host, ShareRow share) {
    for (DiskId base : share.fill()) {
      boolean there =
          host.shares().stream()
              .filter(report -> report.name().equals(share.name()))
              .flatMap(report -> report.bases().stream())
              .anyMatch(known -> isReady(known, base));
      if (!there) {
        add(CleanUpTable.of(host.id()), base, "it is to be put on the share " + share.name());
      }
      add(
          CleanUpTable.ofShare(share.name().text()),
          base,
          "it was asked for there (ratoon cache fill)");
    }
  }

  private static boolean isReady(ShareReport.Base known, DiskId base) {
    return known.diskId().equals(base) && known.state() == ReplicaState.READY;
  }

  private void addOperation(OperationRow operation, Map<HostId, HostReport> reports) {
    OperationView view = operation.view();
    if (view.base().isEmpty() || view.host().isEmpty()) {
      return;
    }
    DiskId base = view.base().get();
    HostId host = view.host().get();
    String why =
        "an operation is under way: "
            + view.kind().name().toLowerCase(Locale.ROOT).replace('_', '-')
            + " "
            + view.id();
    add(CleanUpTable.of(host), base, why);
    if (view.kind() != OperationKind.EVICT && reports.containsKey(host)) {
      sharesWith(Objects.requireNonNull(reports.get(host)), base)
          .forEach(share -> add(share, base, why));
    }
  }
}
