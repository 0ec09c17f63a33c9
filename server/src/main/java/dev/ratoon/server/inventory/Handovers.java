package dev.ratoon.server.inventory;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.OperationStep;
import dev.ratoon.model.Problem;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.MoveReport.Moved;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.protocol.api.MigrationMode;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.server.operations.Operations;
import dev.ratoon.server.store.MigrationRow;
import dev.ratoon.server.store.MigrationRow.Phase;
import dev.ratoon.server.store.OperationTable.OperationRow;
import dev.ratoon.server.store.Transaction;
import dev.ratoon.server.store.VmRow;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Who owns a VM that is on its way. Ownership is an epoch, and only grows: the target of a
 * migration is promised the next one, and gets it when it has everything; if it never does, the
 * source gets the one after that. So whatever either host remembers, at most one of them may start
 * the VM: a host that has given it away starts it only for an epoch newer than the promised one,
 * and one that has not got it has no VM, but files that came.
 */
record Handovers(KnownVms known, Operations operations, Revisions revisions) {

  /** The target has what the disks stand on: the VM may stop, and go. */
  void setOut(Transaction tx, MigrationRow row) {
    tx.vms()
        .find(row.vm())
        .ifPresent(vm -> {
          if (row.mode() == MigrationMode.COLD && vm.power() != DesiredPower.STOPPED) {
            known.want(
                tx,
                vm.wanting(
                    DesiredPower.STOPPED,
                    row.graceSeconds(),
                    revisions.next(tx, row.source()),
                    Optional.empty()));
          } else {
            next(tx, row.source());
          }
          tx.migrations()
              .put(row.in(row.mode() == MigrationMode.COLD ? Phase.COPYING : Phase.LIVE));
          next(tx, row.target());
        });
  }

  /** A guest on its way shall stay if it can: its host says whether it does. */
  void callBack(Transaction tx, MigrationRow row) {
    tx.migrations().put(row.in(Phase.RETURNING));
    next(tx, row.source());
  }

  /** The target has everything: the VM is its from now on. */
  void handOver(Transaction tx, MigrationRow row, Moved moved) {
    Optional<OperationRow> operation = operations.running(tx, row.operation());
    tx.vms()
        .find(row.vm())
        .ifPresent(vm -> {
          known.move(
              tx,
              vm.ownedBy(
                  row.target(),
                  row.epoch(),
                  row.power(),
                  Math.max(
                      vm.powerRevision() + 1, operation.map(OperationRow::revision).orElse(0L)),
                  revisions.next(tx, row.target())),
              vm.host());
          tx.migrations().put(row.in(Phase.HANDED).having(moved));
          next(tx, row.source());
        });
  }

  /**
   * It comes to nothing: the VM stays where it was, and is as it was.
   *
   * @return the operation, which has failed, if it had not ended before
   */
  Optional<OperationView> back(Transaction tx, MigrationRow row, Problem why) {
    Optional<OperationRow> operation = operations.running(tx, row.operation());
    tx.vms()
        .find(row.vm())
        .ifPresent(vm ->
            known.move(
                tx,
                vm.ownedBy(
                    row.source(),
                    row.epoch() + 1,
                    row.power(),
                    Math.max(
                        vm.powerRevision() + 1, operation.map(OperationRow::revision).orElse(0L)),
                    revisions.next(tx, row.source())),
                vm.host()));
    tx.migrations().put(row.in(Phase.BACK));
    next(tx, row.target());
    return operation.map(running -> operations.fail(tx, running, why));
  }

  /**
   * A VM is to be deleted: if it is on its way it stays where it is.
   *
   * @return the VM as it is then
   */
  VmRow abandon(Transaction tx, VmRow vm) {
    for (MigrationRow row : tx.migrations().of(vm.id())) {
      if (row.phase() == Phase.LIVE || row.phase() == Phase.RETURNING) {
        throw Problem.of(ErrorCode.WRONG_STATE, "deleting " + vm.name())
            .detail("Its guest is on its way to another host.")
            .next("Cancel that first: ratoon vm migrate " + vm.name() + " --cancel")
            .asException();
      }
      if (row.phase().isOpen()) {
        tx.lock(List.of(row.source(), row.target()));
        var _ =
            back(
                tx,
                row,
                Problem.of(ErrorCode.INTERRUPTED, "migrating " + vm.name())
                    .detail("The VM was deleted meanwhile."));
      }
    }
    return tx.vms().find(vm.id()).orElse(vm);
  }

  /** A VM that came is as it shall be: what its last host kept of it may go. */
  void arrived(Transaction tx, VmRow vm, VmReport report) {
    boolean settled =
        report.settled()
            && report.powerRevision() >= vm.powerRevision()
            && report.state() != VmState.FAILED;
    if (!settled) {
      return;
    }
    for (MigrationRow row : tx.migrations().of(vm.id())) {
      if (row.phase() == Phase.HANDED && row.epoch() == vm.epoch()) {
        tx.migrations().put(row.in(Phase.REMOVING));
        next(tx, row.source());
      }
    }
  }

  /** A host is gone, and with it whatever it had. */
  void hostIsGone(Transaction tx, HostId host) {
    for (MigrationRow row : tx.migrations().onHost(host)) {
      boolean wasTarget = row.target().equals(host);
      if (row.phase().isOpen()) {
        var _ =
            back(
                tx,
                row,
                Problem.of(ErrorCode.WRONG_STATE, "migrating " + row.desired().name())
                    .detail("An operator has given up one of its hosts."));
      }
      boolean toBeRemovedThere = !wasTarget && (row.phase().isOpen() || row.phase() == Phase.BACK);
      if (!toBeRemovedThere) {
        tx.migrations().remove(row);
        next(tx, row.source());
      }
    }
  }

  /** What to say of a migration that has ended well. */
  String result(Transaction tx, VmRow vm, String state, String host) {
    return tx.migrations()
        .find(vm.id(), vm.epoch())
        .flatMap(MigrationRow::moved)
        .map(moved -> state + " on " + host + "; " + MigrationWords.moved(moved))
        .orElse(state + " on " + host);
  }

  /** The steps of a migration that were done before its new host began. */
  static List<OperationStep> before(OperationRow operation, List<OperationStep> own) {
    return operation.view().steps().stream()
        .filter(step -> own.stream().noneMatch(later -> later.name().equals(step.name())))
        .toList();
  }

  /** Steps of several hosts, as they were begun. */
  static List<OperationStep> inOrder(Stream<OperationStep> steps) {
    return steps.sorted(Comparator.comparing(step -> step.began().orElse(Instant.MAX))).toList();
  }

  /** A new revision for a host, if it is still there. */
  private void next(Transaction tx, HostId host) {
    if (tx.hosts().revision(host).isPresent()) {
      long _ = revisions.next(tx, host);
    }
  }
}
