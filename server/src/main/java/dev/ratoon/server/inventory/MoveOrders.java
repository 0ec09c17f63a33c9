package dev.ratoon.server.inventory;

import dev.ratoon.model.HostId;
import dev.ratoon.protocol.agent.DesiredMove;
import dev.ratoon.protocol.agent.MoveTask;
import dev.ratoon.protocol.api.MigrationMode;
import dev.ratoon.protocol.fleet.MoveGrant;
import dev.ratoon.server.members.Members;
import dev.ratoon.server.store.HostTable.Shared;
import dev.ratoon.server.store.MigrationRow;
import dev.ratoon.server.store.Transaction;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/** What hosts are to do for migrations. */
record MoveOrders(Members members, InstantSource clock) {
  /** A host asks only while its own desired state, and the other's, speak of the migration. */
  private static final Duration GRANTED_FOR = Duration.ofDays(2);

  List<DesiredMove> of(Transaction tx, HostId host) {
    return tx.migrations().onHost(host).stream()
        .flatMap(row -> task(row, host).map(task -> order(tx, row, host, task)).stream())
        .toList();
  }

  private static Optional<MoveTask> task(MigrationRow row, HostId host) {
    boolean isTarget = row.target().equals(host);
    return switch (row.phase()) {
      case BRINGING -> isTarget ? Optional.of(MoveTask.BRING) : Optional.empty();
      case COPYING -> Optional.of(isTarget ? MoveTask.FETCH : MoveTask.GIVE);
      case LIVE -> Optional.of(isTarget ? MoveTask.RECEIVE : MoveTask.SEND);
      case RETURNING -> Optional.of(isTarget ? MoveTask.RECEIVE : MoveTask.RETURN);
      case HANDED -> isTarget ? Optional.empty() : Optional.of(MoveTask.KEEP);
      case REMOVING -> isTarget ? Optional.empty() : Optional.of(MoveTask.REMOVE);
      case BACK -> isTarget ? Optional.of(MoveTask.DISCARD) : Optional.empty();
    };
  }

  private DesiredMove order(Transaction tx, MigrationRow row, HostId host, MoveTask task) {
    HostId other = row.target().equals(host) ? row.source() : row.target();
    MoveGrant grant =
        new MoveGrant(
            row.vm(), row.epoch(), row.source(), row.target(), clock.instant().plus(GRANTED_FOR));
    Optional<String> address =
        tx.hosts().shared(List.of(other)).stream()
            .map(Shared::report)
            .flatMap(report -> report.chunkAddress().stream())
            .findFirst();
    return new DesiredMove(
        row.desired(),
        task,
        other,
        address,
        row.phase().isOpen() ? members.signed(grant) : "",
        Optional.of(row.mode() == MigrationMode.LIVE));
  }
}
