package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.ShareReport;
import dev.ratoon.protocol.api.ShareRequest;
import dev.ratoon.protocol.api.ShareView;
import dev.ratoon.server.inventory.Hosts.Seen;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.ImageTable.ImageRow;
import dev.ratoon.server.store.ShareTable.ShareRow;
import dev.ratoon.server.store.Transaction;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * The caches that several hosts share: what operators want of them, and which share each one is.
 */
public final class FleetShares {
  private static final int MOST_SHARES = 100;
  private static final int MOST_BASES = 1000;
  private static final int NAMES_SHOWN = 10;

  private final Database database;
  private final Hosts hosts;
  private final Revisions revisions;
  private final ShareViews views;
  private final InstantSource clock;
  private final Set<EntityName> marked = ConcurrentHashMap.newKeySet();

  FleetShares(
      Database database, Hosts hosts, Revisions revisions, ShareViews views, InstantSource clock) {
    this.database = database;
    this.hosts = hosts;
    this.revisions = revisions;
    this.views = views;
    this.clock = clock;
  }

  public List<ShareView> list(String tenant) {
    return database.read(
        tx -> tx.shares().all().stream().map(share -> views.view(tx, share, tenant)).toList());
  }

  /**
   * @throws RatoonException {@code not-found}
   */
  public ShareView show(String tenant, EntityName name) {
    return database.read(tx -> views.view(tx, found(tx, name, "showing"), tenant));
  }

  /** Lets hosts share a cache from now on. */
  public ShareView add(String tenant, ShareRequest request) {
    String doing = "adding the share " + request.name();
    String location = ShareLocation.of(request, doing);
    database.change(tx -> {
      tx.lockFleet();
      List<ShareRow> all = tx.shares().all();
      requireFree(all, request.name(), location, doing);
      List<Seen> users = users(request, doing);
      ShareRow share =
          new ShareRow(
              request.name(),
              request.kind(),
              location,
              request.hosts().isEmpty()
                  ? List.of()
                  : users.stream().map(host -> host.report().id()).toList(),
              request.cluster(),
              request.credentials(),
              founder(users),
              Optional.empty(),
              List.of(),
              clock.instant());
      tx.shares().add(share);
      marked.remove(share.name());
      renew(tx, share);
    });
    return show(tenant, request.name());
  }

  private static void requireFree(
      List<ShareRow> all, EntityName name, String location, String doing) {
    for (ShareRow share : all) {
      if (share.name().equals(name) || share.location().equals(location)) {
        throw Problem.of(ErrorCode.NAME_TAKEN, doing)
            .detail("The share '%s' is at %s.".formatted(share.name(), share.location()))
            .next("Remove that one first: ratoon cache remove-share " + share.name())
            .asException();
      }
    }
    if (all.size() >= MOST_SHARES) {
      throw Problem.of(ErrorCode.TOO_LARGE, doing)
          .detail("There are " + MOST_SHARES + " shares already.")
          .asException();
    }
  }

  /** The hosts that a new share is for; at least one. */
  private List<Seen> users(ShareRequest request, String doing) {
    List<Seen> users = new ArrayList<>();
    for (String name : request.hosts()) {
      users.add(
          hosts.all().stream()
              .filter(host ->
                  host.report().name().text().equals(name)
                      || host.report().id().toString().equals(name))
              .findFirst()
              .orElseThrow(() ->
                  Problem.of(ErrorCode.NOT_FOUND, doing)
                      .detail("There is no host '" + name + "'.")
                      .next("'ratoon host list' shows those that exist.")
                      .asException()));
    }
    if (request.hosts().isEmpty()) {
      hosts.all().stream()
          .filter(host ->
              request.cluster().isEmpty() || request.cluster().equals(cluster(host.report().id())))
          .forEach(users::add);
    }
    if (users.isEmpty()) {
      throw Problem.of(ErrorCode.NOT_FOUND, doing)
          .detail(
              request
                  .cluster()
                  .map(c -> "No host is in the cluster '" + c + "'.")
                  .orElse("There are no hosts yet."))
          .next("'ratoon host list' shows hosts and clusters.")
          .asException();
    }
    return users;
  }

  /** Who may mark the folder: one host alone, best one that can do so at once. */
  private HostId founder(List<Seen> users) {
    return users.stream()
        .filter(hosts::connected)
        .findFirst()
        .orElseGet(users::getFirst)
        .report()
        .id();
  }

  private Optional<EntityName> cluster(HostId host) {
    return hosts.member(host).flatMap(member -> member.cluster());
  }

  /**
   * Lets hosts use a share no more. Its files stay.
   *
   * @throws RatoonException {@code in-use} if VMs stand on it
   */
  public ShareView remove(String tenant, EntityName name) {
    return database.write(tx -> {
      tx.lockFleet();
      ShareRow share = found(tx, name, "removing");
      tx.lock(users(share).map(host -> host.report().id()).toList());
      ShareView last = views.view(tx, share, tenant);
      List<String> standing =
          views.standing(tx, share).stream()
              .map(vm -> vm.name().text())
              .distinct()
              .sorted()
              .toList();
      if (!standing.isEmpty()) {
        throw inUse(name, standing);
      }
      requireNothingRemoved(tx, name);
      tx.shares().remove(name);
      marked.remove(name);
      renew(tx, share);
      return last;
    });
  }

  /** Who was told to remove something there may still do it when the share answers again. */
  private static void requireNothingRemoved(Transaction tx, EntityName name) {
    boolean removing =
        tx.withdrawals().all().stream()
            .anyMatch(row -> row.share().equals(name) && row.remover().isPresent());
    if (removing) {
      throw Problem.of(ErrorCode.IN_USE, "removing the share " + name)
          .detail("A base disk is being removed from it, and the host has not said how that ended.")
          .next(
              "Wait for it: ratoon operation list. A host that is gone for good: ratoon host remove.")
          .asException();
    }
  }

  private static RatoonException inUse(EntityName name, List<String> vms) {
    String more = vms.size() > NAMES_SHOWN ? " and " + (vms.size() - NAMES_SHOWN) + " more" : "";
    return Problem.of(ErrorCode.IN_USE, "removing the share " + name)
        .detail(
            "VMs stand on its bases: "
                + String.join(", ", vms.subList(0, Math.min(NAMES_SHOWN, vms.size())))
                + more
                + " (the trash counts, too).")
        .next("Delete them for good first.")
        .asException();
  }

  /**
   * Wants an image's base disk on a share; a host that has it puts it there.
   *
   * @throws RatoonException {@code not-found}; {@code base-missing} if no host could
   */
  public ShareView fill(String tenant, EntityName name, ImageRef image) {
    String doing = "putting " + image + " on the share " + name;
    database.change(tx -> {
      tx.lockFleet();
      ShareRow share = found(tx, name, "filling");
      DiskId base = base(tx, tenant, image, doing);
      requireSomeone(share, base, doing);
      List<DiskId> wanted =
          Stream.concat(share.fill().stream(), Stream.of(base)).distinct().toList();
      if (wanted.size() > MOST_BASES) {
        throw Problem.of(ErrorCode.TOO_LARGE, doing)
            .detail("So many are wanted there already: " + MOST_BASES)
            .asException();
      }
      if (!wanted.equals(share.fill())) {
        tx.shares().fill(name, wanted);
        renew(tx, share);
      }
    });
    return show(tenant, name);
  }

  /**
   * Wants it there no longer. What is there stays.
   *
   * @throws RatoonException {@code not-found}, also if it was not wanted there
   */
  public ShareView endFill(String tenant, EntityName name, ImageRef image) {
    String doing = "no longer wanting " + image + " on the share " + name;
    database.change(tx -> {
      tx.lockFleet();
      ShareRow share = found(tx, name, "emptying");
      DiskId base = base(tx, tenant, image, doing);
      List<DiskId> wanted = share.fill().stream().filter(id -> !id.equals(base)).toList();
      if (wanted.equals(share.fill())) {
        throw Problem.of(ErrorCode.NOT_FOUND, doing)
            .detail("Nobody asked for it there.")
            .next("What VMs brought there by themselves leaves by policy: 'ratoon cache plan'.")
            .asException();
      }
      tx.shares().fill(name, wanted);
      renew(tx, share);
    });
    return show(tenant, name);
  }

  private static DiskId base(Transaction tx, String tenant, ImageRef image, String doing) {
    return tx.images()
        .find(tenant, image)
        .map(ImageRow::diskId)
        .orElseThrow(() ->
            Problem.of(ErrorCode.NOT_FOUND, doing)
                .detail("There is no image '" + image + "'.")
                .next("'ratoon image list' shows those that exist.")
                .asException());
  }

  private void requireSomeone(ShareRow share, DiskId base, String doing) {
    boolean someone =
        users(share)
            .anyMatch(host ->
                onShare(host, share, base)
                    || host.report().replicas().stream()
                        .anyMatch(replica ->
                            replica.diskId().equals(base)
                                && replica.cache().isEmpty()
                                && replica.state() == ReplicaState.READY));
    if (!someone) {
      throw Problem.of(ErrorCode.BASE_MISSING, doing)
          .detail("No host that uses the share has the base disk in its own cache.")
          .next("Deploy a VM of it on one of them, or let the server's own machine use the share.")
          .asException();
    }
  }

  private static boolean onShare(Seen host, ShareRow share, DiskId base) {
    return host.report().shares().stream()
        .filter(report -> report.name().equals(share.name()))
        .flatMap(report -> report.bases().stream())
        .anyMatch(there -> there.diskId().equals(base) && there.state() == ReplicaState.READY);
  }

  private Stream<Seen> users(ShareRow share) {
    return hosts.all().stream()
        .filter(host -> share.isFor(host.report().id(), cluster(host.report().id())));
  }

  private static ShareRow found(Transaction tx, EntityName name, String verb) {
    return tx.shares().all().stream()
        .filter(share -> share.name().equals(name))
        .findFirst()
        .orElseThrow(() ->
            Problem.of(ErrorCode.NOT_FOUND, verb + " the share " + name)
                .next("'ratoon cache list' shows those that exist.")
                .asException());
  }

  /** A host has reported: the first that has found a share's marker tells which share it is. */
  void reported(Transaction tx, HostReport report) {
    List<ShareReport> news =
        report.shares().stream()
            .filter(share -> share.marker().isPresent())
            .filter(share -> tx.shared() || !marked.contains(share.name()))
            .toList();
    if (news.isEmpty()) {
      return;
    }
    for (ShareRow share : tx.shares().all()) {
      news.stream()
          .filter(seen -> seen.name().equals(share.name()))
          .findFirst()
          .ifPresent(seen -> mark(tx, share, seen.marker().orElseThrow()));
    }
  }

  private void mark(Transaction tx, ShareRow share, String marker) {
    if (share.marker().isEmpty()) {
      tx.shares().mark(share.name(), marker);
      renew(tx, share);
    }
    tx.afterCommit(() -> marked.add(share.name()));
  }

  /** What the share's hosts shall be has changed. */
  private void renew(Transaction tx, ShareRow share) {
    List<HostId> concerned = users(share).map(host -> host.report().id()).toList();
    tx.lock(concerned);
    concerned.forEach(host -> revisions.next(tx, host));
  }
}
