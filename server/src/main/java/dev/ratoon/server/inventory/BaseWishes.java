package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.agent.BaseTask;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.server.operations.Operations;
import dev.ratoon.server.operations.Subject;
import dev.ratoon.server.store.BaseWishTable.BaseWish;
import dev.ratoon.server.store.OperationTable.OperationRow;
import dev.ratoon.server.store.Transaction;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Asks hosts to do something for base disks, as part of a change: each wish is written down, stays
 * until it is fulfilled or given up, and has an operation.
 */
final class BaseWishes {
  private final Transaction tx;
  private final String tenant;
  private final Operations operations;
  private final Revisions revisions;
  private final Map<HostId, Long> revision = new HashMap<>();

  BaseWishes(Transaction tx, String tenant, Operations operations, Revisions revisions) {
    this.tx = tx;
    this.tenant = tenant;
    this.operations = operations;
    this.revisions = revisions;
  }

  /**
   * Asks for it. Who asks for what is under way already joins that operation.
   *
   * @param name of the base, as users know it
   */
  OperationRow ask(BaseTask task, String name, DiskId base, HostReport host) {
    Optional<OperationRow> underWay =
        operations.runningOf(tx, base, host.id()).stream()
            .filter(
                row -> row.view().kind() == BaseProgress.kind(task) && row.tenant().equals(tenant))
            .findAny();
    return underWay.orElseGet(() -> begin(task, name, base, host));
  }

  private OperationRow begin(BaseTask task, String name, DiskId base, HostReport host) {
    long next = revision.computeIfAbsent(host.id(), id -> revisions.next(tx, id));
    tx.baseWishes().put(new BaseWish(host.id(), base, task, tenant, next));
    return operations.begin(
        tx,
        tenant,
        BaseProgress.kind(task),
        Subject.base(name + " on " + host.name(), base, host.id()),
        next,
        List.of());
  }

  /**
   * The hosts of these names or ids.
   *
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#NOT_FOUND} with those that there are
   *     not
   */
  static List<HostReport> named(List<HostReport> known, List<String> names) {
    List<String> unknown =
        names.stream()
            .filter(name -> known.stream().noneMatch(host -> isCalled(host, name)))
            .toList();
    if (!unknown.isEmpty()) {
      throw Problem.of(ErrorCode.NOT_FOUND, "finding the hosts " + Words.some(unknown))
          .next("'ratoon host list' shows those that exist.")
          .asException();
    }
    return known.stream()
        .filter(host -> names.stream().anyMatch(name -> isCalled(host, name)))
        .toList();
  }

  private static boolean isCalled(HostReport host, String nameOrId) {
    return host.name().text().equals(nameOrId) || host.id().toString().equals(nameOrId);
  }
}
