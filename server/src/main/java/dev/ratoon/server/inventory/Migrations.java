package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.OperationStep;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.StepState;
import dev.ratoon.model.VmState;
import dev.ratoon.placement.HostSnapshot;
import dev.ratoon.placement.Placement;
import dev.ratoon.placement.Placer;
import dev.ratoon.placement.Quota;
import dev.ratoon.placement.VmNeeds;
import dev.ratoon.placement.Wishes;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DiskReport;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.MoveReport;
import dev.ratoon.protocol.agent.MoveTask;
import dev.ratoon.protocol.agent.ReplicaReport;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.protocol.api.MigrateRequest;
import dev.ratoon.protocol.api.MigrationMode;
import dev.ratoon.protocol.api.MigrationView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.protocol.api.StopRequest;
import dev.ratoon.server.operations.Subject;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.MigrationRow;
import dev.ratoon.server.store.MigrationRow.Phase;
import dev.ratoon.server.store.OperationTable.OperationRow;
import dev.ratoon.server.store.Outdated;
import dev.ratoon.server.store.Transaction;
import dev.ratoon.server.store.VmRow;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Moves VMs to other hosts. A migration is an operation with steps, but what drives it is in its
 * row and in what the two hosts report: a server that comes back, or another one, goes on from
 * there.
 */
public final class Migrations {
  private final Database database;
  private final Hosts hosts;
  private final Vms vms;
  private final Observations observations;
  private final Handovers handovers;
  private final InstantSource clock;
  private final Placements placements;
  private final MoveRules rules;

  Migrations(
      Database database,
      Hosts hosts,
      Vms vms,
      Observations observations,
      Handovers handovers,
      InstantSource clock) {
    this.database = database;
    this.hosts = hosts;
    this.vms = vms;
    this.observations = observations;
    this.handovers = handovers;
    this.clock = clock;
    this.placements = new Placements(hosts);
    this.rules = new MoveRules(hosts, placements);
  }

  /** A VM and where it would go. */
  private record Plan(
      VmRow vm,
      VmReport seen,
      MigrationMode mode,
      boolean stops,
      VmNeeds needs,
      Placement.Place to) {}

  /** Where a VM would go, and what would move. Nothing is changed. */
  public MigrationView plan(String tenant, String nameOrId, MigrateRequest request) {
    return database.read(
        tx -> view(plan(tx, vms.idle(tx, tenant, nameOrId, "migrating"), request)));
  }

  /**
   * Begins to move a VM.
   *
   * @throws RatoonException {@link ErrorCode#WRONG_STATE} if it cannot move as it is, or not so;
   *     {@link ErrorCode#NO_HOST_FITS} with every host's reasons
   */
  public OperationView migrate(String tenant, String nameOrId, MigrateRequest request) {
    return database.write(tx -> {
      Plan plan = plan(tx, vms.idle(tx, tenant, nameOrId, "migrating"), request);
      requireSaidHow(plan, request);
      HostId target = plan.to().host();
      tx.lock(List.of(plan.vm().host(), target));
      // Where others write, too, the choice is made again under the lock.
      return begin(tx, tx.shared() ? planOn(tx, tenant, plan, request) : plan, request);
    });
  }

  /** What becomes of a guest that runs is its owner's to say: both ways have their price. */
  private static void requireSaidHow(Plan plan, MigrateRequest request) {
    if (request.mode().isEmpty() && plan.mode() == MigrationMode.LIVE) {
      throw Problem.of(ErrorCode.INVALID_REQUEST, "migrating " + plan.vm().name())
          .detail("It runs.")
          .next(
              "Give --live, to move it while it runs, or --cold, to shut its guest down and start"
                  + " it again on the other host.")
          .asException();
    }
  }

  private Plan planOn(Transaction tx, String tenant, Plan before, MigrateRequest request) {
    VmRow vm = vms.idle(tx, tenant, before.vm().id().toString(), "migrating");
    Plan again = plan(tx, vm, request);
    if (!again.to().host().equals(before.to().host()) || !vm.host().equals(before.vm().host())) {
      throw new Outdated("where the VM goes");
    }
    return again;
  }

  private OperationView begin(Transaction tx, Plan plan, MigrateRequest request) {
    VmRow vm = plan.vm();
    HostId target = plan.to().host();
    long epoch = vm.epoch() + 1;
    OperationStep placed =
        OperationStep.waiting("place").begin(clock.instant()).end(StepState.DONE, clock.instant());
    // A VM that is stopped for it answers one revision more before it has come.
    OperationRow operation =
        handovers
            .operations()
            .begin(
                tx,
                vm.tenant(),
                OperationKind.MIGRATE,
                Subject.vm(vm.name().text(), vm.id()),
                vm.powerRevision() + 2,
                List.of(placed));
    tx.migrations()
        .add(
            new MigrationRow(
                vm.id(),
                epoch,
                operation.view().id(),
                vm.host(),
                target,
                plan.mode(),
                Phase.BRINGING,
                vm.power(),
                request.graceSeconds().orElse(StopRequest.DEFAULT_GRACE_SECONDS),
                vm.ownedBy(target, epoch, vm.power(), vm.powerRevision() + 2, 0).desired(),
                Optional.empty()));
    long _ = handovers.revisions().next(tx, target);
    return operation.view();
  }

  private Plan plan(Transaction tx, VmRow vm, MigrateRequest request) {
    String doing = "migrating " + vm.name();
    requireMovable(vm, doing);
    VmReport seen =
        observations
            .of(vm)
            .filter(report -> !report.disks().isEmpty())
            .orElseThrow(() ->
                Problem.of(ErrorCode.WRONG_STATE, doing)
                    .detail("Its host has not reported its disks.")
                    .asException());
    Layerings.requireAllThere(seen, doing);
    requireConnected(vm.host(), doing);
    boolean runs = seen.state() == VmState.RUNNING || seen.state() == VmState.PAUSED;
    MigrationMode mode = mode(request, seen, doing);
    Settings settings = tx.fleet().settings();
    VmNeeds needs = needs(vm, seen, rules.wishes(tx, vm, seen, mode, request));
    Placement.Place to = place(tx, vm, needs, settings);
    return new Plan(vm, seen, mode, runs && mode == MigrationMode.COLD, needs, to);
  }

  private static void requireMovable(VmRow vm, String doing) {
    if (!vm.spec().takeOver().isEmpty()) {
      // The other host would have to believe its description, which says what QEMU may open there.
      throw Problem.of(ErrorCode.WRONG_STATE, doing)
          .detail(
              "It was a libvirt domain before it was Ratoon's, and stays on the host that it was"
                  + " defined on.")
          .next("Export its disks, and deploy a VM from them, to have it elsewhere.")
          .asException();
    }
    if (vm.spec().layering().isPresent()) {
      throw Problem.of(ErrorCode.WRONG_STATE, doing)
          .detail("Its disks are being worked at.")
          .next("Wait until that has ended: ratoon operation list")
          .asException();
    }
  }

  private static MigrationMode mode(MigrateRequest request, VmReport seen, String doing) {
    boolean runs = seen.state() == VmState.RUNNING || seen.state() == VmState.PAUSED;
    MigrationMode mode = request.mode().orElse(runs ? MigrationMode.LIVE : MigrationMode.COLD);
    if (mode == MigrationMode.LIVE && !runs) {
      throw Problem.of(ErrorCode.WRONG_STATE, doing)
          .detail("It does not run.")
          .next("Leave --live out: it moves as it is.")
          .asException();
    }
    if (mode == MigrationMode.LIVE && seen.state() == VmState.PAUSED) {
      throw Problem.of(ErrorCode.WRONG_STATE, doing)
          .detail("Its processors are held.")
          .next("Give --cold: its guest is shut down, and started again on the other host.")
          .asException();
    }
    return mode;
  }

  private void requireConnected(HostId host, String doing) {
    if (hosts.find(host).filter(hosts::connected).isEmpty()) {
      throw Problem.of(ErrorCode.SERVER_UNREACHABLE, doing)
          .detail("Its host, " + hosts.nameOf(host) + ", is not connected.")
          .next("'ratoon host list' shows which hosts are.")
          .asException();
    }
  }

  private VmNeeds needs(VmRow vm, VmReport seen, Wishes wishes) {
    Map<DiskId, Long> bases = new HashMap<>();
    for (VmRow.Disk disk : vm.spec().disks()) {
      DesiredDisk made = disk.made();
      if (made.differencing()) {
        made.base().ifPresent(base -> bases.put(base, storedBytes(vm.host(), base, made)));
      }
    }
    return new VmNeeds(
        vm.spec().cpus(),
        vm.spec().memoryBytes(),
        seen.disks().stream().mapToLong(DiskReport::storedBytes).sum(),
        0,
        vm.spec().firmware(),
        vm.spec().nics().stream().map(nic -> nic.network()).toList(),
        bases,
        wishes);
  }

  private long storedBytes(HostId host, DiskId base, DesiredDisk disk) {
    return replicas(host)
        .filter(replica -> replica.diskId().equals(base))
        .mapToLong(ReplicaReport::storedBytes)
        .max()
        .orElse(disk.sizeBytes());
  }

  private Stream<ReplicaReport> replicas(HostId host) {
    return hosts.find(host).map(Hosts.Seen::report).map(HostReport::replicas).stream()
        .flatMap(List::stream);
  }

  /** Anywhere but where it is. */
  private Placement.Place place(Transaction tx, VmRow vm, VmNeeds needs, Settings settings) {
    List<HostSnapshot> others =
        placements.snapshots(tx, settings).stream()
            .filter(host -> !host.id().equals(vm.host()))
            .toList();
    return switch (tried(tx, vm, needs, others, settings)) {
      case Placement.Chosen chosen -> chosen.places().getFirst();
      case Placement.Refused refused -> {
        Set<HostId> named = needs.wishes().hosts();
        List<HostSnapshot> shown =
            others.stream().filter(host -> named.isEmpty() || named.contains(host.id())).toList();
        boolean isThere = shown.isEmpty() && named.contains(vm.host());
        throw Problem.of(ErrorCode.NO_HOST_FITS, "migrating " + vm.name())
            .detail(
                isThere
                    ? "It is on " + hosts.nameOf(vm.host()) + " already."
                    : why(shown.isEmpty() ? refused : tried(tx, vm, needs, shown, settings)))
            .next("'ratoon host list' shows what each host has left.")
            .asException();
      }
    };
  }

  private Placement tried(
      Transaction tx, VmRow vm, VmNeeds needs, List<HostSnapshot> others, Settings settings) {
    return new Placer(placements.fleet(tx, vm.tenant(), needs, others, settings))
        .place(needs, 1, Quota.NONE);
  }

  /** All that speaks against the hosts that come into question. */
  private static String why(Placement placement) {
    return placement instanceof Placement.Refused refused && !refused.refusals().isEmpty()
        ? refused.inWords()
        : "There is no other host that it could go to.";
  }

  private MigrationView view(Plan plan) {
    List<DesiredDisk> disks = plan.vm().desired().disks();
    return new MigrationView(
        plan.vm().name(),
        hosts.name(plan.vm().host()).orElseThrow(),
        plan.to().name(),
        plan.mode(),
        plan.stops(),
        IntStream.range(0, disks.size()).mapToObj(i -> disk(plan, i, disks.get(i))).toList(),
        plan.to().terms().bytesToMove(),
        plan.needs().diskBytes(),
        plan.mode() == MigrationMode.LIVE ? plan.vm().spec().memoryBytes() : 0,
        plan.to().terms().stars(),
        plan.to().terms().reasons());
  }

  private MigrationView.Disk disk(Plan plan, int number, DesiredDisk disk) {
    Optional<DiskId> base = disk.base().filter(_ -> disk.differencing());
    return new MigrationView.Disk(
        number,
        base,
        base.flatMap(id -> path(plan.to().host(), id)),
        plan.seen().disk(number).map(DiskReport::storedBytes).orElse(0L));
  }

  private Optional<String> path(HostId host, DiskId base) {
    return hosts.find(host).flatMap(seen -> ParentPaths.file(seen.report(), base));
  }

  /** Ends a migration that has not arrived. */
  public OperationView cancel(String tenant, String nameOrId) {
    return database.write(tx -> {
      VmRow vm = vms.found(tx, tenant, nameOrId);
      MigrationRow row =
          tx.migrations().of(vm.id()).stream()
              .filter(each -> each.phase().isOpen())
              .findFirst()
              .orElseThrow(() -> notUnderWay(vm.name()));
      tx.lock(List.of(row.source(), row.target()));
      row =
          tx.migrations()
              .find(row.vm(), row.epoch())
              .filter(each -> each.phase().isOpen())
              .orElseThrow(() -> notUnderWay(vm.name()));
      if (row.phase() == Phase.LIVE || row.phase() == Phase.RETURNING) {
        handovers.callBack(tx, row);
        return handovers.operations().find(tx, row.operation()).orElseThrow();
      }
      return handovers.back(tx, row, cancelled(row)).orElseThrow(() -> notUnderWay(vm.name()));
    });
  }

  private Problem cancelled(MigrationRow row) {
    return Problem.of(ErrorCode.INTERRUPTED, "migrating " + row.desired().name())
        .detail("It was cancelled. The VM stays on " + hosts.nameOf(row.source()) + ".");
  }

  private static RatoonException notUnderWay(EntityName vm) {
    return Problem.of(ErrorCode.WRONG_STATE, "cancelling the migration of " + vm)
        .detail("It is not under way, or the VM has just arrived.")
        .next("'ratoon vm show " + vm + "' shows where it is.")
        .asException();
  }

  /** Takes up what a host says of its part. */
  void fold(Transaction tx, HostId host, List<MoveReport> reports) {
    for (MoveReport report : reports) {
      tx.migrations()
          .find(report.vm(), report.epoch())
          .ifPresent(row -> {
            tx.lock(List.of(row.source(), row.target()));
            tx.migrations()
                .find(report.vm(), report.epoch())
                .ifPresent(now -> fold(tx, now, host, report));
          });
    }
  }

  private void fold(Transaction tx, MigrationRow row, HostId host, MoveReport report) {
    boolean ofTarget = row.target().equals(host);
    boolean answers =
        switch (report.task()) {
          case BRING -> ofTarget && row.phase() == Phase.BRINGING;
          case FETCH -> ofTarget && row.phase() == Phase.COPYING;
          case GIVE -> !ofTarget && row.phase() == Phase.COPYING;
          case RECEIVE -> ofTarget && (row.phase() == Phase.LIVE || row.phase() == Phase.RETURNING);
          case RETURN -> !ofTarget && row.phase() == Phase.RETURNING;
          case SEND -> !ofTarget && row.phase() == Phase.LIVE;
          case REMOVE -> !ofTarget && row.phase() == Phase.REMOVING;
          case DISCARD -> ofTarget && row.phase() == Phase.BACK;
          case KEEP -> false;
        };
    if (!answers) {
      return;
    }
    switch (report.state()) {
      case WORKING -> progress(tx, row, report);
      case DONE -> done(tx, row, report);
      case FAILED -> failed(tx, row, report);
    }
  }

  private void done(Transaction tx, MigrationRow row, MoveReport report) {
    switch (report.task()) {
      case BRING -> {
        progress(tx, row, report);
        handovers.setOut(tx, row);
      }
      case FETCH, RECEIVE, SEND -> {
        progress(tx, row, report);
        handovers.handOver(tx, row, report.moved());
      }
      case REMOVE, DISCARD -> {
        tx.migrations().remove(row);
        long _ = handovers.revisions().next(tx, host(row, report));
      }
      case RETURN -> {
        var _ = handovers.back(tx, row, cancelled(row));
      }
      case GIVE, KEEP -> {}
    }
  }

  private static HostId host(MigrationRow row, MoveReport report) {
    return report.task() == MoveTask.REMOVE ? row.source() : row.target();
  }

  private void failed(Transaction tx, MigrationRow row, MoveReport report) {
    switch (report.task()) {
      // Where the guest is, its source says by SEND, and the target once it has arrived. A source
      // that cannot say whether it has kept it hands nothing over.
      case RETURN, RECEIVE, KEEP, REMOVE, DISCARD -> {}
      case BRING, FETCH, GIVE, SEND -> {
        var _ =
            handovers.back(
                tx,
                row,
                report
                    .problem()
                    .orElseGet(() ->
                        Problem.of(ErrorCode.INTERNAL, "migrating " + row.desired().name())
                            .detail("A host reports that it failed, but not why.")));
      }
    }
  }

  private void progress(Transaction tx, MigrationRow row, MoveReport report) {
    if (!report.steps().isEmpty()) {
      handovers
          .operations()
          .running(tx, row.operation())
          .ifPresent(operation -> {
            List<OperationStep> steps =
                Handovers.inOrder(
                    Stream.concat(
                        Handovers.before(operation, report.steps()).stream(),
                        report.steps().stream()));
            tx.afterCommit(() ->
                handovers.operations().progress(operation.view().id(), steps, report.problem()));
          });
    }
  }
}
