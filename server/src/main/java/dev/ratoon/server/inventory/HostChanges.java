package dev.ratoon.server.inventory;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.api.HostChange;
import dev.ratoon.server.members.Members;
import dev.ratoon.server.members.Tags;
import dev.ratoon.server.operations.Operations;
import dev.ratoon.server.store.AdoptionTable.Adoption;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.MemberTable.Member;
import dev.ratoon.server.store.OperationTable.OperationRow;
import dev.ratoon.server.store.Transaction;
import dev.ratoon.server.store.VmRow;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;

/** What operators change about hosts. */
public final class HostChanges {
  private static final int NAMES_SHOWN = 10;

  private final Database database;
  private final Hosts hosts;
  private final Members members;
  private final KnownVms known;
  private final Observations observations;
  private final Operations operations;

  HostChanges(
      Database database,
      Hosts hosts,
      Members members,
      KnownVms known,
      Observations observations,
      Operations operations) {
    this.database = database;
    this.hosts = hosts;
    this.members = members;
    this.known = known;
    this.observations = observations;
    this.operations = operations;
  }

  /** Says something else of a host. */
  public void change(HostId host, EntityName name, HostChange change) {
    Optional<SortedSet<String>> tags = change.tags().map(Tags::of);
    database.change(tx ->
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
                    m.removedAt())));
  }

  private static Optional<EntityName> cluster(HostChange change, Member before) {
    return change.cluster().isEmpty()
        ? before.cluster()
        : change.cluster().filter(text -> !text.isEmpty()).map(EntityName::new);
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
      List<VmRow> vms = tx.vms().onHost(host);
      if (!vms.isEmpty() && !lost) {
        throw hasVms(name, vms);
      }
      giveUpAdopted(tx, host, name, lost);
      vms.forEach(vm -> giveUp(tx, vm, name));
      hosts.remove(tx, host);
      members.remove(tx, host, name);
    });
  }

  private void giveUpAdopted(Transaction tx, HostId host, EntityName name, boolean lost) {
    List<Adoption> adopted = tx.adoptions().onHost(host);
    List<String> paths = adopted.stream().map(Adoption::path).toList();
    if (!paths.isEmpty() && !lost) {
      throw Problem.of(ErrorCode.WRONG_STATE, "removing the host " + name)
          .detail("It has adopted " + Words.some(paths) + ".")
          .next(
              "Give that back first: ratoon host unadopt. If the host will never come back, add"
                  + " --lost.")
          .asException();
    }
    adopted.stream()
        .flatMap(each -> each.operation().flatMap(operations::running).stream())
        .forEach(operation -> operations.fail(tx, operation, givenUp(operation, name)));
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

  private static Problem givenUp(OperationRow operation, EntityName host) {
    return Problem.of(ErrorCode.WRONG_STATE, "working on " + operation.view().subject())
        .detail("An operator has given up its host, " + host + ".");
  }

  private void giveUp(Transaction tx, VmRow vm, EntityName host) {
    operations
        .runningOf(vm.id())
        .ifPresent(operation -> operations.fail(tx, operation, givenUp(operation, host)));
    known.remove(tx, vm);
    tx.afterCommit(() -> observations.forget(vm.id()));
  }
}
