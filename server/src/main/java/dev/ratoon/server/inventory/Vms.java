package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskPart;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.AgentLink.ConsoleText;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DiskStream;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.VmView;
import dev.ratoon.server.operations.Operations;
import dev.ratoon.server.operations.Subject;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.OperationTable.OperationRow;
import dev.ratoon.server.store.Piece;
import dev.ratoon.server.store.Promised;
import dev.ratoon.server.store.Transaction;
import dev.ratoon.server.store.VmRow;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The VMs that were deployed: shows them, and writes down what is wanted of them next. Each change
 * is one operation; while one is under way on a VM only a delete may follow, which takes its place.
 */
public final class Vms {
  private final Database database;
  private final Hosts hosts;
  private final KnownVms known;
  private final Observations observations;
  private final Operations operations;
  private final Revisions revisions;
  private final InstantSource clock;
  private final Handovers handovers;

  Vms(
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
    this.handovers = new Handovers(known, operations, revisions);
  }

  /** The tenant's VMs by name: those in the trash, or all others. */
  public Piece<VmView> list(String tenant, boolean trashed, Piece.Wanted wanted) {
    return database.read(tx -> {
      VmViews views = new VmViews(hosts, observations, tx.fleet().settings());
      return tx.vms().page(tenant, trashed, wanted).map(views::of);
    });
  }

  public VmView show(String tenant, String nameOrId) {
    return database.read(tx ->
        new VmViews(hosts, observations, tx.fleet().settings()).of(find(tx, tenant, nameOrId)));
  }

  /** The id of this VM. */
  public VmId id(String tenant, String nameOrId) {
    return database.read(tx -> find(tx, tenant, nameOrId)).id();
  }

  /** See {@link dev.ratoon.protocol.agent.AgentLink#console}. */
  public ConsoleText console(String tenant, String nameOrId, long offset, Duration wait)
      throws InterruptedException {
    VmRow vm = database.read(tx -> find(tx, tenant, nameOrId));
    return hosts.agent(vm.host()).console(vm.id(), offset, wait);
  }

  /**
   * The content of a disk of a VM, also of one in the trash. Whether the VM runs its host knows
   * best, so only that is asked.
   *
   * @see dev.ratoon.protocol.agent.AgentLink#disk
   */
  public DiskStream disk(String tenant, String nameOrId, int disk, DiskPart part, boolean packed) {
    VmRow vm = database.read(tx -> idle(tx, find(tx, tenant, nameOrId), "exporting"));
    int count = vm.spec().disks().size();
    if (disk >= count) {
      throw Problem.of(ErrorCode.NOT_FOUND, "finding disk " + disk + " of " + vm.name())
          .detail("It has " + Words.counted(count, "disk") + ".")
          .next("Disks are counted from 0.")
          .asException();
    }
    return hosts.agent(vm.host()).disk(vm.id(), disk, part, packed);
  }

  /** Starts a VM, or tries again what failed; a VM that runs is left alone. */
  public OperationView start(String tenant, String nameOrId) {
    return database.write(tx -> {
      VmRow vm = idle(tx, held(tx, tenant, nameOrId), "starting");
      outsideTrash(vm, "starting");
      boolean there = vm.power() == DesiredPower.RUNNING && stateOf(vm) == VmState.RUNNING;
      return there
          ? nothingToDo(tx, vm, OperationKind.START, "it runs already")
          : want(tx, vm, OperationKind.START, DesiredPower.RUNNING, 0);
    });
  }

  public OperationView stop(String tenant, String nameOrId, int graceSeconds) {
    return database.write(tx -> {
      VmRow vm = idle(tx, held(tx, tenant, nameOrId), "stopping");
      outsideTrash(vm, "stopping");
      boolean there = vm.power() == DesiredPower.STOPPED && stateOf(vm) == VmState.STOPPED;
      return there
          ? nothingToDo(tx, vm, OperationKind.STOP, "it is stopped already")
          : want(tx, vm, OperationKind.STOP, DesiredPower.STOPPED, graceSeconds);
    });
  }

  /** Switches a VM off at once and puts its disks into the trash. */
  public OperationView delete(String tenant, String nameOrId) {
    return database.write(tx -> {
      VmRow vm = held(tx, tenant, nameOrId);
      outsideTrash(vm, "deleting");
      VmRow kept = handovers.abandon(tx, vm);
      if (kept.epoch() == vm.epoch()) {
        operations.runningOf(tx, vm.id()).ifPresent(operation -> supersede(tx, operation));
      }
      return want(tx, leftAlone(tx, kept), OperationKind.DELETE, DesiredPower.TRASHED, 0);
    });
  }

  /** Brings a VM back from the trash, stopped, if its name and the memory for it are still free. */
  public OperationView undelete(String tenant, String nameOrId) {
    return database.write(tx -> {
      VmRow before = findTrashed(tx, tenant, nameOrId, "undeleting");
      // Its disks have counted all the time.
      Quotas.require(tx, tenant, "undeleting " + before.name(), before.spec().memoryBytes(), 0);
      tx.lock(before.host());
      VmRow vm = idle(tx, findTrashed(tx, tenant, nameOrId, "undeleting"), "undeleting");
      if (tx.vms().named(tenant, vm.name()).isPresent()) {
        throw Problem.of(ErrorCode.NAME_TAKEN, "undeleting " + vm.name())
            .detail("Another VM has the name meanwhile.")
            .next("Delete that one first.")
            .asException();
      }
      roomFor(tx, vm);
      return want(tx, vm, OperationKind.UNDELETE, DesiredPower.STOPPED, 0);
    });
  }

  /** Nothing is to be done to its disks any more, should it come back. */
  private VmRow leftAlone(Transaction tx, VmRow vm) {
    if (vm.spec().layering().isEmpty()) {
      return vm;
    }
    VmRow left = vm.madeOf(vm.spec().withLayering(Optional.empty()), vm.desiredRevision());
    known.respec(tx, left);
    return left;
  }

  /** Has the host remove a VM of the trash for good, with its disks. */
  public OperationView purge(String tenant, String nameOrId) {
    return database.write(tx -> {
      tx.lock(findTrashed(tx, tenant, nameOrId, "purging").host());
      return purge(tx, idle(tx, findTrashed(tx, tenant, nameOrId, "purging"), "purging"));
    });
  }

  /** The same for all that was deleted so long ago; what is just being worked at stays. */
  public List<OperationView> emptyTrash(String tenant, Duration olderThan) {
    return database.write(tx -> {
      Instant then = clock.instant().minus(olderThan);
      tx.lock(tx.vms().trashedBefore(tenant, then).stream().map(VmRow::host).distinct().toList());
      return tx.vms().trashedBefore(tenant, then).stream()
          .filter(vm -> operations.runningOf(tx, vm.id()).isEmpty())
          .map(vm -> purge(tx, vm))
          .toList();
    });
  }

  private OperationView purge(Transaction tx, VmRow vm) {
    VmRow changed =
        vm.wanting(DesiredPower.PURGED, 0, revisions.next(tx, vm.host()), vm.trashedAt());
    known.want(tx, changed);
    return begin(tx, changed, OperationKind.PURGE).view();
  }

  private OperationView want(
      Transaction tx, VmRow vm, OperationKind kind, DesiredPower power, int graceSeconds) {
    VmRow changed =
        vm.wanting(
            power,
            graceSeconds,
            revisions.next(tx, vm.host()),
            power == DesiredPower.TRASHED ? Optional.of(clock.instant()) : Optional.empty());
    known.want(tx, changed);
    return begin(tx, changed, kind).view();
  }

  private OperationView nothingToDo(Transaction tx, VmRow vm, OperationKind kind, String why) {
    return operations.succeed(tx, begin(tx, vm, kind), why);
  }

  OperationRow begin(Transaction tx, VmRow vm, OperationKind kind) {
    return operations.begin(
        tx,
        vm.tenant(),
        kind,
        Subject.vm(vm.name().text(), vm.id()),
        vm.powerRevision(),
        List.of());
  }

  private void supersede(Transaction tx, OperationRow operation) {
    operations.fail(
        tx,
        operation,
        Problem.of(
                ErrorCode.INTERRUPTED,
                Words.doing(operation.view().kind()) + " " + operation.view().subject())
            .detail("The VM was deleted meanwhile."));
  }

  VmState stateOf(VmRow vm) {
    return observations.of(vm).map(VmReport::state).orElse(VmState.DEPLOYING);
  }

  /** The VM of this name or id. */
  VmRow found(Transaction tx, String tenant, String nameOrId) {
    return find(tx, tenant, nameOrId);
  }

  /** A VM outside the trash on which no operation is under way. */
  VmRow idle(Transaction tx, String tenant, String nameOrId, String doing) {
    VmRow vm = idle(tx, find(tx, tenant, nameOrId), doing);
    outsideTrash(vm, doing);
    return vm;
  }

  VmRow idle(Transaction tx, VmRow vm, String doing) {
    operations
        .runningOf(tx, vm.id())
        .ifPresent(operation -> {
          throw Problem.of(ErrorCode.WRONG_STATE, doing + " " + vm.name())
              .detail(
                  "Operation "
                      + operation.view().id()
                      + " ("
                      + operation.view().kind().name().toLowerCase(Locale.ROOT)
                      + ") is still under way.")
              .next("Wait until it has ended.")
              .asException();
        });
    return vm;
  }

  static void outsideTrash(VmRow vm, String doing) {
    if (vm.trashed()) {
      throw Problem.of(ErrorCode.WRONG_STATE, doing + " " + vm.name())
          .detail("It is in the trash.")
          .next("'ratoon vm undelete' brings it back.")
          .asException();
    }
  }

  private void roomFor(Transaction tx, VmRow vm) {
    Optional<Hosts.Seen> host = hosts.find(vm.host());
    double ratio = tx.fleet().settings().memoryRatio();
    long promised =
        Optional.ofNullable(tx.vms().promised(List.of(vm.host())).get(vm.host()))
            .map(Promised::memoryBytes)
            .orElse(0L);
    if (host.isPresent()
        && promised + vm.spec().memoryBytes()
            > (long) (host.get().report().facts().memoryBytes() * ratio)) {
      throw Problem.of(ErrorCode.NO_HOST_FITS, "undeleting " + vm.name())
          .detail("Host " + host.get().report().name() + " has promised its memory to other VMs.")
          .next("Delete another VM there, or raise the setting memoryRatio.")
          .asException();
    }
  }

  /** The VM, which nobody else changes until the transaction has ended. */
  static VmRow held(Transaction tx, String tenant, String nameOrId) {
    VmRow vm = find(tx, tenant, nameOrId);
    if (!tx.shared()) {
      return vm;
    }
    tx.lock(vm.host());
    return find(tx, tenant, nameOrId);
  }

  static VmRow find(Transaction tx, String tenant, String nameOrId) {
    return byId(tx, tenant, nameOrId)
        .or(() -> tx.vms().named(tenant, new EntityName(nameOrId)))
        .orElseThrow(() -> notFound(nameOrId, "'ratoon vm list' shows those that exist."));
  }

  private static VmRow findTrashed(Transaction tx, String tenant, String nameOrId, String doing) {
    Optional<VmRow> byId = byId(tx, tenant, nameOrId);
    List<VmRow> found =
        byId.isPresent()
            ? List.of(byId.get())
            : tx.vms().trashedNamed(tenant, new EntityName(nameOrId));
    if (found.size() > 1) {
      throw Problem.of(ErrorCode.WRONG_STATE, doing + " " + nameOrId)
          .detail("The trash holds several VMs of this name.")
          .next(
              "Give the id of one: "
                  + Words.some(found.stream().map(v -> v.id().toString()).toList()))
          .asException();
    }
    if (found.isEmpty()) {
      throw notFound(nameOrId, "'ratoon vm list --trashed' shows what the trash holds.");
    }
    VmRow vm = found.getFirst();
    if (vm.power() != DesiredPower.TRASHED) {
      throw Problem.of(ErrorCode.WRONG_STATE, doing + " " + vm.name())
          .detail("It is not in the trash.")
          .asException();
    }
    return vm;
  }

  private static Optional<VmRow> byId(Transaction tx, String tenant, String text) {
    try {
      return tx.vms()
          .find(VmId.parse(text))
          .filter(vm -> vm.tenant().equals(tenant) && vm.power() != DesiredPower.PURGED);
    } catch (RatoonException notAnId) {
      return Optional.empty();
    }
  }

  private static RatoonException notFound(String nameOrId, String next) {
    return Problem.of(ErrorCode.NOT_FOUND, "finding the VM " + nameOrId).next(next).asException();
  }
}
