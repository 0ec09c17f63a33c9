package dev.ratoon.server.inventory;

import dev.ratoon.model.ByteSize;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.protocol.api.HostChange;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.server.inventory.Histories.Standing;
import dev.ratoon.server.members.Members;
import dev.ratoon.server.members.Tags;
import dev.ratoon.server.operations.Operations;
import dev.ratoon.server.store.AdoptionTable.Adoption;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.MemberTable.Member;
import dev.ratoon.server.store.News;
import dev.ratoon.server.store.OperationTable.OperationRow;
import dev.ratoon.server.store.Transaction;
import dev.ratoon.server.store.VmRow;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.stream.Collectors;

/** What operators change about hosts. */
public final class HostChanges {
  private static final int NAMES_SHOWN = 10;

  private final Database database;
  private final Hosts hosts;
  private final Members members;
  private final Revisions revisions;
  private final Vms vms;

  /** What is known of the VMs that hosts have. */
  record Vms(KnownVms known, Observations observations, Operations operations) {}

  HostChanges(Database database, Hosts hosts, Members members, Revisions revisions, Vms vms) {
    this.database = database;
    this.hosts = hosts;
    this.members = members;
    this.revisions = revisions;
    this.vms = vms;
  }

  /** Says something else of a host. */
  public void change(HostId host, EntityName name, HostChange change) {
    Optional<SortedSet<String>> tags = change.tags().map(Tags::of);
    database.change(tx -> {
      tx.lockFleet();
      tx.lock(host);
      members.change(
          tx,
          host,
          name,
          m ->
              new Member(
                  m.host(),
                  m.name(),
                  cluster(change, m),
                  tags.orElse(m.tags()),
                  change.maintenance().orElse(m.maintenance()),
                  m.keySha256(),
                  m.joinedAt(),
                  m.removedAt(),
                  limit(change, m),
                  change.draining().orElse(m.draining())));
      // Another cluster may share other caches.
      boolean news = change.limit().isPresent() || change.cluster().isPresent();
      if (news && tx.hosts().revision(host).isPresent()) {
        long _ = revisions.next(tx, host);
      }
    });
  }

  private static Optional<EntityName> cluster(HostChange change, Member before) {
    return change.cluster().isEmpty()
        ? before.cluster()
        : change.cluster().filter(text -> !text.isEmpty()).map(EntityName::new);
  }

  private static Optional<Long> limit(HostChange change, Member before) {
    if (change.limit().isEmpty()) {
      return before.limitBytesPerSecond();
    }
    return change
        .limit()
        .filter(text -> !text.isEmpty())
        .map(text -> Settings.rate(ByteSize.parse(text)));
  }

  /**
   * Lets a host follow this database whose history it does not know. What the host has seen of each
   * VM counts as asked for here, so that whatever is asked next is newer.
   *
   * @throws RatoonException {@link ErrorCode#WRONG_STATE} if it follows already, {@link
   *     ErrorCode#SERVER_UNREACHABLE} if it has not reported
   */
  public void follow(HostId host, EntityName name) {
    Hosts.Seen seen = hosts.reported(host);
    if (seen.standing() == Standing.OURS) {
      throw Problem.of(ErrorCode.WRONG_STATE, "letting the host " + name + " follow this database")
          .detail("It follows this database already.")
          .asException();
    }
    HostReport report = seen.report();
    Map<VmId, Long> asked =
        report.vms().stream().collect(Collectors.toMap(VmReport::id, VmReport::powerRevision));
    database.change(tx -> {
      tx.lock(host);
      long revision = tx.hosts().follow(host, Histories.newest(report));
      for (VmRow vm : tx.vms().onHost(host)) {
        vms.known().want(tx, vm.askedUpTo(asked.getOrDefault(vm.id(), 0L)));
      }
      tx.tell(new News.Host(host));
      tx.afterCommit(() -> {
        hosts.givesUp(host);
        revisions.reported(host, revision, true);
      });
    });
  }

  /**
   * Removes a host from the fleet.
   *
   * @param lost whether an operator says that it will not come back: then its VMs are given up.
   *     What it may still run is its own; it is not let in any more
   * @throws RatoonException {@link ErrorCode#WRONG_STATE} if it has VMs, or is this machine
   */
  public void remove(HostId host, EntityName name, boolean lost) {
    if (members.find(host).flatMap(Member::keySha256).isEmpty()) {
      throw Problem.of(ErrorCode.WRONG_STATE, "removing the host " + name)
          .detail("It is the server's own machine.")
          .next("To keep VMs away from it: ratoon host maintenance " + name + " on")
          .asException();
    }
    database.change(tx -> {
      tx.lockFleet();
      tx.lock(host);
      List<VmRow> there = tx.vms().onHost(host);
      if (!there.isEmpty() && !lost) {
        throw hasVms(name, there);
      }
      forgetAdopted(tx, host, name, lost);
      new Handovers(vms.known(), vms.operations(), revisions).hostIsGone(tx, host);
      there.forEach(vm -> giveUp(tx, vm, name));
      vms.operations()
          .runningOn(tx, host)
          .forEach(operation -> vms.operations().fail(tx, operation, hostIsGone(operation, name)));
      hosts.remove(tx, host);
      members.remove(tx, host, name);
      tx.afterCommit(() -> revisions.forget(host));
    });
  }

  private static void forgetAdopted(Transaction tx, HostId host, EntityName name, boolean lost) {
    List<String> paths = tx.adoptions().onHost(host).stream().map(Adoption::path).toList();
    if (!paths.isEmpty() && !lost) {
      throw Problem.of(ErrorCode.WRONG_STATE, "removing the host " + name)
          .detail("It has adopted " + Words.some(paths) + ".")
          .next(
              "Give that back first: ratoon host unadopt. If the host will never come back, add"
                  + " --lost.")
          .asException();
    }
    paths.forEach(path -> tx.adoptions().remove(host, path));
  }

  private static RatoonException hasVms(EntityName name, List<VmRow> vms) {
    List<String> names =
        vms.stream().limit(NAMES_SHOWN).map(vm -> vm.name().text()).sorted().toList();
    String more = vms.size() > NAMES_SHOWN ? " and " + (vms.size() - NAMES_SHOWN) + " more" : "";
    return Problem.of(ErrorCode.WRONG_STATE, "removing the host " + name)
        .detail("It has VMs: " + String.join(", ", names) + more + " (the trash counts, too).")
        .next(
            "Delete them for good first; or, if the host will never come back and its VMs with it,"
                + " add --lost.")
        .asException();
  }

  private static Problem hostIsGone(OperationRow operation, EntityName host) {
    return Problem.of(ErrorCode.WRONG_STATE, "working on " + operation.view().subject())
        .detail("An operator has given up its host, " + host + ".");
  }

  private void giveUp(Transaction tx, VmRow vm, EntityName host) {
    vms.operations()
        .runningOf(tx, vm.id())
        .ifPresent(operation -> vms.operations().fail(tx, operation, hostIsGone(operation, host)));
    vms.known().remove(tx, vm);
    tx.afterCommit(() -> vms.observations().forget(vm));
  }
}
