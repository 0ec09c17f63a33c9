package dev.ratoon.server.inventory;

import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.server.operations.Operations;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.VmRow;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** Lets go of what was kept long enough: deleted VMs, ended operations, idempotency keys. */
public final class Trash {
  private static final Duration OPERATIONS_KEPT = Duration.ofDays(30);
  private static final Duration KEYS_KEPT = Duration.ofDays(2);

  private final Database database;
  private final KnownVms known;
  private final Operations operations;
  private final Revisions revisions;
  private final InstantSource clock;

  Trash(
      Database database,
      KnownVms known,
      Operations operations,
      Revisions revisions,
      InstantSource clock) {
    this.database = database;
    this.known = known;
    this.operations = operations;
    this.revisions = revisions;
    this.clock = clock;
  }

  /** Asks the hosts to remove the VMs whose time in the trash is over; forgets what is old. */
  public void sweep() {
    Instant now = clock.instant();
    database.change(tx -> {
      Duration kept = Duration.ofHours(tx.fleet().settings().trashHours());
      Instant then = now.minus(kept);
      if (tx.shared()) {
        tx.lock(tx.vms().trashedBefore(then).stream().map(VmRow::host).toList());
      }
      for (VmRow vm : tx.vms().trashedBefore(then)) {
        if (operations.runningOf(tx, vm.id()).isEmpty()) {
          known.want(
              tx,
              vm.wanting(DesiredPower.PURGED, 0, revisions.next(tx, vm.host()), vm.trashedAt()));
        }
      }
      tx.operations().forgetEndedBefore(now.minus(OPERATIONS_KEPT));
      tx.idempotency().forgetBefore(now.minus(KEYS_KEPT));
    });
  }
}
