package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.OperationStep;
import dev.ratoon.model.Problem;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.BaseReport;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.ServerLink;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.protocol.agent.Whereabouts;
import dev.ratoon.server.inventory.Histories.Standing;
import dev.ratoon.server.operations.Operations;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.OperationTable.OperationRow;
import dev.ratoon.server.store.Transaction;
import dev.ratoon.server.store.VmRow;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Folds what agents report into what the server knows: the state of hosts and VMs, and through it
 * the progress and the end of operations. A report is one transaction, whatever it holds; what says
 * nothing new costs a comparison, and steps and bytes on their way cost no write.
 */
public final class Reports implements ServerLink {
  private final Database database;
  private final Hosts hosts;
  private final KnownVms known;
  private final Observations observations;
  private final Operations operations;
  private final Revisions revisions;
  private final BasePlaces places;
  private final BaseProgress bases;
  private final Adoptions adoptions;

  Reports(
      Database database,
      Hosts hosts,
      KnownVms known,
      Observations observations,
      Operations operations,
      Revisions revisions,
      BasePlaces places,
      BaseProgress bases,
      Adoptions adoptions) {
    this.places = places;
    this.bases = bases;
    this.adoptions = adoptions;
    this.database = database;
    this.hosts = hosts;
    this.known = known;
    this.observations = observations;
    this.operations = operations;
    this.revisions = revisions;
  }

  @Override
  public Optional<DesiredState> desired(HostId host, long knownRevision, Duration wait)
      throws InterruptedException {
    hosts.heard(host);
    try {
      return revisions.desired(host, knownRevision, wait);
    } finally {
      hosts.heard(host);
    }
  }

  @Override
  public Whereabouts whereabouts(HostId host, DiskId base) {
    return places.of(host, base);
  }

  @Override
  public void report(HostReport report) {
    database.change(tx -> {
      Standing standing = hosts.report(tx, report);
      boolean fresh = hosts.hold(tx, report.id());
      long revision = tx.hosts().revision(report.id()).orElseThrow();
      tx.afterCommit(() -> revisions.reported(report.id(), revision, tells(standing)));
      if (standing == Standing.OURS) {
        fold(tx, report.id(), report.vms(), fresh);
        removePurged(tx, report);
        bases.fold(tx, report.id(), report.bases());
        adoptions.fold(tx, report);
        if (!report.incarnation().isEmpty() && tx.hosts().replaces(report.id()).isPresent()) {
          tx.hosts().followed(report.id());
        }
      }
    });
  }

  /** Whether the host may be told what it shall be. */
  private static boolean tells(Standing standing) {
    return switch (standing) {
      case OURS, GIVING_UP -> true;
      case AHEAD, FOREIGN -> false;
    };
  }

  @Override
  public void report(HostId host, List<VmReport> changed) {
    hosts.heard(host);
    if (hosts.isOurs(host)) {
      database.change(tx -> fold(tx, host, changed, hosts.hold(tx, host)));
    }
  }

  @Override
  public void reportBases(HostId host, List<BaseReport> changed) {
    hosts.heard(host);
    if (hosts.isOurs(host)) {
      database.change(tx -> {
        boolean _ = hosts.hold(tx, host);
        bases.fold(tx, host, changed);
      });
    }
  }

  /**
   * @param fresh whether the host has reported to another server meanwhile, so that what was the
   *     latest here may be so no more
   */
  private void fold(Transaction tx, HostId host, List<VmReport> reports, boolean fresh) {
    List<VmReport> news =
        reports.stream().filter(report -> fresh || observations.isNews(host, report)).toList();
    if (news.isEmpty()) {
      return;
    }
    tx.lock(host);
    if (!hosts.holds(tx, host)) {
      // The agent has given this call up, and has told another server more since.
      return;
    }
    Map<VmId, VmRow> rows = known.among(tx, news.stream().map(VmReport::id).toList());
    List<VmRow> changed = new ArrayList<>();
    for (VmReport report : news) {
      VmRow vm = rows.get(report.id());
      if (vm == null || !vm.host().equals(host) || report.epoch() < vm.epoch()) {
        continue;
      }
      tx.afterCommit(() -> observations.put(host, report));
      if (vm.power() == DesiredPower.PURGED && answers(report, vm.powerRevision())) {
        remove(tx, vm);
      } else {
        operations.runningOf(tx, vm.id()).ifPresent(operation -> fold(tx, operation, report));
        VmReport worthKeeping = Observations.lasting(report);
        // What is on its way is reported again after a crash.
        boolean onItsWay = report.state() == VmState.DEPLOYING && !report.settled();
        if (!onItsWay && !vm.observed().equals(Optional.of(worthKeeping))) {
          changed.add(vm.seenAs(worthKeeping));
        }
      }
    }
    known.observe(tx, changed);
  }

  private void fold(Transaction tx, OperationRow operation, VmReport report) {
    if (report.powerRevision() < operation.revision()) {
      return;
    }
    List<OperationStep> steps =
        Stream.concat(own(operation).stream(), report.steps().stream()).toList();
    if (!report.settled()) {
      tx.afterCommit(() -> operations.progress(operation.view().id(), steps));
      return;
    }
    OperationRow at = operation.withSteps(steps);
    Optional<Problem> problem = problem(operation, report);
    if (problem.isPresent()) {
      operations.fail(tx, at, problem.get());
    } else {
      operations.succeed(tx, at, report.state().name().toLowerCase(Locale.ROOT));
    }
  }

  /** The steps that the server did itself, before the host began. */
  private static List<OperationStep> own(OperationRow operation) {
    return operation.view().kind() == OperationKind.DEPLOY
        ? operation.view().steps().subList(0, 1)
        : List.of();
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

  /** A VM to be purged is gone once a host that knows of that no longer has it. */
  private void removePurged(Transaction tx, HostReport report) {
    Set<VmId> there = new HashSet<>();
    report.vms().forEach(vm -> there.add(vm.id()));
    if (tx.shared() && !tx.vms().toBePurged(report.id()).isEmpty()) {
      tx.lock(report.id());
    }
    tx.vms().toBePurged(report.id()).stream()
        .filter(vm -> vm.desiredRevision() <= report.revision() && !there.contains(vm.id()))
        .forEach(vm -> remove(tx, vm));
  }

  private void remove(Transaction tx, VmRow vm) {
    operations
        .runningOf(tx, vm.id())
        .ifPresent(operation -> operations.succeed(tx, operation, "gone"));
    known.remove(tx, vm);
    tx.afterCommit(() -> observations.forget(vm));
  }
}
