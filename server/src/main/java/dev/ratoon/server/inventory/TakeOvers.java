package dev.ratoon.server.inventory;

import dev.ratoon.model.CloudInit;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.HostId;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.placement.Quota;
import dev.ratoon.protocol.agent.AdoptedReport;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredNic;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.ForeignDomain;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.TakeOverRequest;
import dev.ratoon.server.operations.Operations;
import dev.ratoon.server.operations.Subject;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.OperationTable.OperationRow;
import dev.ratoon.server.store.Transaction;
import dev.ratoon.server.store.VmRow;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Makes VMs of libvirt domains that stand on adopted disks. The VM keeps the domain's UUID as its
 * id, so that there are never two of it: whatever happens in between, asking again goes on with the
 * same one.
 */
public final class TakeOvers {
  private final Database database;
  private final Hosts hosts;
  private final KnownVms known;
  private final Observations observations;
  private final Operations operations;
  private final Revisions revisions;
  private final InstantSource clock;

  TakeOvers(
      Database database,
      Hosts hosts,
      KnownVms known,
      Observations observations,
      Operations operations,
      Revisions revisions,
      InstantSource clock) {
    this.database = database;
    this.hosts = hosts;
    this.known = known;
    this.observations = observations;
    this.operations = operations;
    this.revisions = revisions;
    this.clock = clock;
  }

  /**
   * Takes a domain over, or goes on with that.
   *
   * @param nameOrId the domain's name or UUID
   * @throws RatoonException {@code not-found} if the host reports no such domain; {@code
   *     wrong-state} with all reasons if it cannot be kept as it is; {@code name-taken}
   */
  public OperationView takeOver(
      String tenant, HostId host, String nameOrId, TakeOverRequest request) {
    return database.write(tx -> {
      // Before any host is locked, as for a deploy.
      Quota _ = Quotas.hold(tx, tenant, 0);
      tx.lock(host);
      Optional<VmRow> begun = begun(tx, tenant, host, nameOrId);
      return begun.isPresent()
          ? goOn(tx, begun.get())
          : begin(tx, tenant, host, domain(host, nameOrId), request);
    });
  }

  private OperationView begin(
      Transaction tx, String tenant, HostId host, ForeignDomain domain, TakeOverRequest request) {
    String doing = "taking over the domain '" + domain.name() + "'";
    EntityName name = request.name().orElseGet(() -> nameOf(domain, doing));
    requireKeepable(tx, tenant, domain, name, doing);
    long grownBytes = domain.disks().stream().mapToLong(ForeignDomain.Disk::sizeBytes).sum();
    Quotas.require(tx, tenant, doing, domain.memoryBytes(), grownBytes);
    VmRow vm =
        new VmRow(
            domain.id(),
            tenant,
            name,
            host,
            1,
            domain.running() ? DesiredPower.RUNNING : DesiredPower.STOPPED,
            1,
            revisions.next(tx, host),
            0,
            spec(domain),
            0,
            clock.instant(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());
    known.add(tx, List.of(vm));
    return start(tx, vm).view();
  }

  private static VmRow.Spec spec(ForeignDomain domain) {
    return new VmRow.Spec(
        domain.cpus(),
        domain.memoryBytes(),
        domain.variables().isPresent() ? Firmware.UEFI : Firmware.BIOS,
        RestartPolicy.ON_FAILURE,
        domain.disks().stream()
            .map(disk ->
                new VmRow.Disk(
                    Optional.empty(),
                    new DesiredDisk(disk.base(), disk.sizeBytes(), !disk.isRaw())))
            .toList(),
        domain.nics(),
        CloudInit.NONE,
        Stream.concat(
                domain.disks().stream().map(ForeignDomain.Disk::path), domain.variables().stream())
            .toList(),
        Optional.empty(),
        Optional.empty());
  }

  private static void requireKeepable(
      Transaction tx, String tenant, ForeignDomain domain, EntityName name, String doing) {
    List<String> reasons = new ArrayList<>(domain.obstacles());
    boolean known = tx.vms().find(domain.id()).isPresent();
    for (DesiredNic nic : domain.nics()) {
      if (!known && !tx.vms().macsAmong(List.of(nic.mac())).isEmpty()) {
        reasons.add("Another VM has the network address " + nic.mac() + ".");
      }
    }
    tx.vms()
        .find(domain.id())
        .ifPresent(vm ->
            reasons.add(
                vm.trashed()
                    ? "The VM '%s' in the trash has its id: 'ratoon vm undelete %s' goes on with it."
                        .formatted(vm.name(), vm.name())
                    : "The VM '%s' has its id.".formatted(vm.name())));
    if (!reasons.isEmpty()) {
      throw Problem.of(ErrorCode.WRONG_STATE, doing)
          .detail(String.join(" ", reasons))
          .next("It is left as it is.")
          .asException();
    }
    if (tx.vms().named(tenant, name).isPresent()) {
      throw Problem.of(ErrorCode.NAME_TAKEN, doing)
          .detail("There is already a VM called " + name + ".")
          .next("Choose another name: --name NAME")
          .asException();
    }
  }

  private static EntityName nameOf(ForeignDomain domain, String doing) {
    try {
      return new EntityName(domain.name());
    } catch (RatoonException noName) {
      throw Problem.of(ErrorCode.INVALID_VALUE, doing)
          .detail("A VM cannot be called '" + domain.name() + "'.")
          .next("Choose another name: --name NAME")
          .asException(noName);
    }
  }

  private ForeignDomain domain(HostId host, String nameOrId) {
    return hosts.find(host).map(Hosts.Seen::report).flatMap(HostReport::adopted).stream()
        .map(AdoptedReport::domains)
        .flatMap(List::stream)
        .filter(each -> each.name().equals(nameOrId) || each.id().toString().equals(nameOrId))
        .findFirst()
        .orElseThrow(() ->
            Problem.of(ErrorCode.NOT_FOUND, "finding the domain '" + nameOrId + "'")
                .detail("The host knows of none that stands on adopted disks.")
                .next("'ratoon host adopted' lists those that do. Adopt their folder first.")
                .asException());
  }

  /** The VM that this domain is becoming, or became. */
  private static Optional<VmRow> begun(
      Transaction tx, String tenant, HostId host, String nameOrId) {
    return withIdOrName(tx, tenant, nameOrId)
        .filter(each ->
            each.tenant().equals(tenant)
                && each.host().equals(host)
                && !each.trashed()
                && !each.spec().takeOver().isEmpty());
  }

  /** A domain may be called what no VM can be. */
  private static Optional<VmRow> withIdOrName(Transaction tx, String tenant, String nameOrId) {
    try {
      return tx.vms().find(VmId.parse(nameOrId));
    } catch (RatoonException notAnId) {
      try {
        return tx.vms().named(tenant, new EntityName(nameOrId));
      } catch (RatoonException notAName) {
        return Optional.empty();
      }
    }
  }

  private OperationView goOn(Transaction tx, VmRow vm) {
    Optional<OperationRow> underWay = operations.runningOf(tx, vm.id());
    if (underWay.isPresent()) {
      return underWay.get().view();
    }
    boolean failed =
        observations.of(vm).filter(report -> report.state() == VmState.FAILED).isPresent();
    if (!failed) {
      return operations.succeed(tx, start(tx, vm), "it is a VM already");
    }
    VmRow again = vm.wanting(vm.power(), 0, revisions.next(tx, vm.host()), Optional.empty());
    known.want(tx, again);
    return start(tx, again).view();
  }

  private OperationRow start(Transaction tx, VmRow vm) {
    return operations.begin(
        tx,
        vm.tenant(),
        OperationKind.TAKE_OVER,
        Subject.vm(vm.name().text(), vm.id()),
        vm.powerRevision(),
        List.of());
  }
}
