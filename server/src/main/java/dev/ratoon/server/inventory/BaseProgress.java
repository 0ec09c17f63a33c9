package dev.ratoon.server.inventory;

import dev.ratoon.model.HostId;
import dev.ratoon.model.OperationKind;
import dev.ratoon.protocol.agent.BaseReport;
import dev.ratoon.protocol.agent.BaseTask;
import dev.ratoon.server.operations.Operations;
import dev.ratoon.server.store.CleanUpTable;
import dev.ratoon.server.store.OperationTable.OperationRow;
import dev.ratoon.server.store.Transaction;
import java.util.List;

/**
 * Folds what hosts say of base disks into the operations about these. A wish to have a base stays
 * when it is fulfilled; one of which a host has said that it cannot be fulfilled is gone: whoever
 * still wants it asks again.
 */
record BaseProgress(Operations operations, Revisions revisions) {

  void fold(Transaction tx, HostId host, List<BaseReport> reports) {
    if (!reports.isEmpty()) {
      tx.lock(host);
    }
    for (BaseReport report : reports) {
      operations.runningOf(tx, report.diskId(), host).stream()
          .filter(operation ->
              operation.view().kind() == kind(report.task())
                  && report.revision() >= operation.revision())
          .forEach(operation -> fold(tx, host, operation, report));
    }
  }

  /** Whether somebody waits for one of those that the host speaks of, as far as memory knows. */
  boolean isAwaited(HostId host, List<BaseReport> reports) {
    return reports.stream().anyMatch(report -> operations.isUnderWay(report.diskId(), host));
  }

  private void fold(Transaction tx, HostId host, OperationRow operation, BaseReport report) {
    if (!report.settled()) {
      tx.afterCommit(
          () -> operations.progress(operation.view().id(), report.steps(), report.problem()));
      return;
    }
    OperationRow at = operation.withSteps(report.steps());
    if (report.problem().isPresent()) {
      operations.fail(tx, at, report.problem().get());
    } else {
      operations.succeed(tx, at, report.result().orElse("done"));
    }
    if (report.task() == BaseTask.EVICT) {
      endRemoval(tx, host, report);
      return;
    }
    boolean stays = report.problem().isEmpty() && report.task() == BaseTask.PRECACHE;
    if (!stays) {
      tx.baseWishes().remove(host, report.diskId(), report.task());
      long _ = revisions.next(tx, host);
    }
  }

  private void endRemoval(Transaction tx, HostId host, BaseReport report) {
    tx.cleanUp().end(host, report.diskId());
    if (report.problem().isEmpty()) {
      tx.cleanUp().forgetUse(CleanUpTable.of(host), report.diskId());
    }
    long _ = revisions.next(tx, host);
  }

  static OperationKind kind(BaseTask task) {
    return switch (task) {
      case PRECACHE -> OperationKind.PRECACHE;
      case VERIFY -> OperationKind.VERIFY;
      case SCRUB -> OperationKind.SCRUB;
      case EVICT -> OperationKind.EVICT;
    };
  }
}
