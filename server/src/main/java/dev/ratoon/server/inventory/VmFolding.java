package dev.ratoon.server.inventory;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.OperationStep;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.server.operations.Operations;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.GroupCommit;
import dev.ratoon.server.store.GroupCommit.Outcome;
import dev.ratoon.server.store.OperationTable.OperationRow;
import dev.ratoon.server.store.Transaction;
import dev.ratoon.server.store.VmRow;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Folds what hosts say of VMs into their rows and operations. What many hosts say at the same time
 * is one transaction; what says only that a deploy has come further costs none.
 */
final class VmFolding {
  private static final int LANES = 2;
  private static final int MOST_AT_ONCE = 256;

  /** Of a VM that has never changed its host. */
  private static final long FIRST_EPOCH = 1;

  private static final int MOST_WAITING = 65_536;

  private final Database database;
  private final Hosts hosts;
  private final KnownVms known;
  private final Observations observations;
  private final Operations operations;
  private final Handovers handovers;
  private final LayerResults layers;
  private final GroupCommit<Told, Boolean> commits =
      new GroupCommit<>(LANES, MOST_AT_ONCE, MOST_WAITING, this::all);

  VmFolding(
      Database database,
      Hosts hosts,
      KnownVms known,
      Observations observations,
      Operations operations,
      Handovers handovers,
      LayerResults layers) {
    this.database = database;
    this.hosts = hosts;
    this.known = known;
    this.observations = observations;
    this.operations = operations;
    this.handovers = handovers;
    this.layers = layers;
  }

  /** What a host says of some of its VMs. */
  record Told(HostId host, List<VmReport> reports) {}

  /** Takes up what a host says between two whole reports. */
  void report(HostId host, List<VmReport> changed) {
    List<VmReport> rest = changed.stream().filter(report -> !progress(host, report)).toList();
    if (!rest.isEmpty()) {
      boolean _ = commits.submit(new Told(host, rest));
    }
  }

  /** Shows how far a VM has come, if that is all that the report says. */
  private boolean progress(HostId host, VmReport report) {
    if (!observations.isProgress(host, report)) {
      return false;
    }
    Optional<OperationRow> operation =
        operations
            .runningOn(report.id())
            .filter(under -> report.powerRevision() >= under.revision());
    operation.ifPresent(under -> {
      observations.put(host, report);
      operations.progress(under.view().id(), steps(under, report));
    });
    return operation.isPresent();
  }

  /** One that cannot be folded keeps no others from it: folding again changes nothing. */
  private List<Outcome<Boolean>> all(List<Told> told) {
    try {
      database.change(tx ->
          fold(
              tx, told, hosts.hold(tx, told.stream().map(Told::host).collect(Collectors.toSet()))));
      return told.stream().<Outcome<Boolean>>map(_ -> new Outcome.Done<>(true)).toList();
    } catch (RuntimeException failed) {
      return told.size() == 1 || concernsAll(failed)
          ? told.stream().<Outcome<Boolean>>map(_ -> new Outcome.Refused<>(failed)).toList()
          : told.stream().flatMap(one -> all(List.of(one)).stream()).toList();
    }
  }

  private static boolean concernsAll(RuntimeException failed) {
    return failed instanceof RatoonException refused
        && Set.of(ErrorCode.SERVER_UNREACHABLE, ErrorCode.BUSY, ErrorCode.DISK_FULL)
            .contains(refused.problem().code());
  }

  /**
   * Folds it in, as part of a change.
   *
   * @param fresh the hosts that have reported to another server meanwhile, so that what was the
   *     latest here may be so no more
   */
  void fold(Transaction tx, List<Told> told, Set<HostId> fresh) {
    List<Told> news =
        told.stream()
            .map(each ->
                new Told(
                    each.host(),
                    each.reports().stream()
                        .filter(report ->
                            fresh.contains(each.host()) || observations.isNews(each.host(), report))
                        .toList()))
            .filter(each -> !each.reports().isEmpty())
            .toList();
    if (!news.isEmpty()) {
      Set<HostId> speaking = news.stream().map(Told::host).collect(Collectors.toSet());
      tx.lock(speaking);
      Set<HostId> gone = hosts.notHeld(tx, speaking);
      // Their agents have given these calls up, and have told another server more since.
      new Fold(tx, news.stream().filter(each -> !gone.contains(each.host())).toList()).run();
    }
  }

  /** The rows and operations of one transaction, as they become. */
  private final class Fold {
    private final Transaction tx;
    private final List<Told> news;
    private final Map<VmId, VmRow> rows;
    private final Map<VmId, OperationRow> under;
    private final Map<VmId, VmRow> changed = new LinkedHashMap<>();
    private final List<OperationRow> ended = new ArrayList<>();

    Fold(Transaction tx, List<Told> news) {
      this.tx = tx;
      this.news = news;
      Set<VmId> ids = new HashSet<>();
      news.forEach(each -> each.reports().forEach(report -> ids.add(report.id())));
      rows = known.among(tx, List.copyOf(ids));
      under = operations.runningOf(tx, rows.keySet());
    }

    void run() {
      for (Told each : news) {
        each.reports().forEach(report -> fold(each.host(), report));
      }
      operations.end(tx, ended);
      known.observe(tx, List.copyOf(changed.values()));
    }

    private void fold(HostId host, VmReport report) {
      VmRow vm = rows.get(report.id());
      if (vm == null || !vm.host().equals(host) || report.epoch() < vm.epoch()) {
        return;
      }
      tx.afterCommit(() -> observations.put(host, report));
      if (vm.power() == DesiredPower.PURGED && answers(report, vm.powerRevision())) {
        rows.remove(vm.id());
        changed.remove(vm.id());
        remove(tx, vm);
        return;
      }
      OperationRow operation = under.get(vm.id());
      vm = layers.fold(tx, vm, report, Optional.ofNullable(operation));
      rows.put(vm.id(), vm);
      if (operation != null
          && !operation.view().kind().isLayering()
          && report.powerRevision() >= operation.revision()) {
        fold(operation, vm, report);
        vm = layers.fold(tx, vm, report, Optional.ofNullable(under.get(vm.id())));
        rows.put(vm.id(), vm);
      }
      if (vm.epoch() > FIRST_EPOCH) {
        handovers.arrived(tx, vm, report);
      }
      VmReport worthKeeping = Observations.lasting(report);
      if (!Observations.isOnItsWay(report) && !vm.observed().equals(Optional.of(worthKeeping))) {
        VmRow seen = vm.seenAs(worthKeeping);
        rows.put(vm.id(), seen);
        changed.put(vm.id(), seen);
      }
    }

    private void fold(OperationRow operation, VmRow vm, VmReport report) {
      List<OperationStep> steps = steps(operation, report);
      if (!report.settled()) {
        tx.afterCommit(() -> operations.progress(operation, steps));
        return;
      }
      OperationRow at = operation.withSteps(steps);
      Optional<Problem> problem = problem(operation, report);
      ended.add(
          problem
              .map(why -> operations.failed(at, why))
              .orElseGet(() -> operations.succeeded(at, result(operation, vm, report))));
      under.remove(report.id());
      if (problem.isEmpty() && operation.view().kind() == OperationKind.DEPLOY) {
        layers.deployed(tx, vm).ifPresent(next -> under.put(report.id(), next));
      }
    }

    private String result(OperationRow operation, VmRow vm, VmReport report) {
      String state = report.state().name().toLowerCase(Locale.ROOT);
      return operation.view().kind() == OperationKind.MIGRATE
          ? handovers.result(tx, vm, state, hosts.nameOf(vm.host()))
          : state;
    }
  }

  private static List<OperationStep> steps(OperationRow operation, VmReport report) {
    return Stream.concat(own(operation, report).stream(), report.steps().stream()).toList();
  }

  /** The steps that were done before the host began. */
  private static List<OperationStep> own(OperationRow operation, VmReport report) {
    return switch (operation.view().kind()) {
      case DEPLOY -> operation.view().steps().subList(0, 1);
      case MIGRATE -> Handovers.before(operation, report.steps());
      case IMPORT,
          START,
          STOP,
          DELETE,
          UNDELETE,
          PRECACHE,
          VERIFY,
          SCRUB,
          EVICT,
          ADOPT,
          UNADOPT,
          TAKE_OVER,
          PURGE,
          CLONE,
          CREATE_IMAGE,
          SNAPSHOT,
          REVERT,
          FLATTEN,
          REBASE,
          MOVE_DISK ->
          List.of();
    };
  }

  private static Optional<Problem> problem(OperationRow operation, VmReport report) {
    if (report.state() != VmState.FAILED) {
      return Optional.empty();
    }
    return report
        .problem()
        .or(() ->
            Optional.of(
                Problem.of(ErrorCode.INTERNAL, "working on " + operation.view().subject())
                    .detail("The host reports that it failed, but not why.")));
  }

  private static boolean answers(VmReport report, long powerRevision) {
    return report.settled()
        && report.powerRevision() >= powerRevision
        && report.state() != VmState.FAILED;
  }

  /** The VM is gone. */
  void remove(Transaction tx, VmRow vm) {
    operations
        .runningOf(tx, vm.id())
        .ifPresent(operation -> operations.succeed(tx, operation, "gone"));
    known.remove(tx, vm);
    tx.afterCommit(() -> observations.forget(vm));
  }
}
