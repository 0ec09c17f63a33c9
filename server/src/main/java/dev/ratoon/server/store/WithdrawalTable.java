package dev.ratoon.server.store;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.model.OperationId;
import dev.ratoon.protocol.agent.Withdrawal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/** The base disks that are about to leave shared caches. */
public final class WithdrawalTable {
  /** What is asked of those that are not to remove anything. */
  private static final int FIRST_STEP = 1;

  /**
   * A base that is about to leave a share.
   *
   * @param order names it, so that an answer to an earlier one is none to this
   * @param step what the remover was asked last; it grows
   * @param remover the host that is told to remove it, once all have promised
   * @param recalled whether that one is told not to, and has not said yet that it will not
   * @param changedAt when it became as it is
   */
  public record WithdrawalRow(
      EntityName share,
      DiskId base,
      String order,
      int step,
      Optional<HostId> remover,
      boolean recalled,
      OperationId operation,
      Instant askedAt,
      Instant changedAt) {

    /** One that begins. */
    public static WithdrawalRow asked(
        EntityName share, DiskId base, String order, OperationId operation, Instant now) {
      return new WithdrawalRow(
          share, base, order, FIRST_STEP, Optional.empty(), false, operation, now, now);
    }

    /** This host is to remove it. */
    public WithdrawalRow orderedOf(HostId host, Instant now) {
      return changed(Optional.of(host), false, now);
    }

    /** Its remover is not to remove it any more. */
    public WithdrawalRow recall(Instant now) {
      return changed(remover, true, now);
    }

    /** Its remover is gone from the fleet: another one will be. */
    public WithdrawalRow unassigned(Instant now) {
      return changed(Optional.empty(), false, now);
    }

    private WithdrawalRow changed(Optional<HostId> host, boolean back, Instant now) {
      return new WithdrawalRow(share, base, order, step + 1, host, back, operation, askedAt, now);
    }

    /** As the host shall see it. */
    public Withdrawal desired(HostId host) {
      return remover.equals(Optional.of(host))
          ? new Withdrawal(base, order, step, !recalled)
          : new Withdrawal(base, order, FIRST_STEP, false);
    }
  }

  private final Handle handle;

  WithdrawalTable(Handle handle) {
    this.handle = handle;
  }

  public List<WithdrawalRow> all() {
    return handle
        .createQuery("select * from withdrawal order by share, base")
        .map((row, context) -> read(row))
        .list();
  }

  /** Writes it down, in place of what was known of it. */
  public void put(WithdrawalRow row) {
    handle
        .createUpdate(
            """
            insert into withdrawal
              (share, base, order_id, step, remover, recalled, operation, asked_at, changed_at)
            values (:share, :base, :order, :step, :remover, :recalled, :operation, :asked, :changed)
            on conflict (share, base) do update set order_id = excluded.order_id,
              step = excluded.step, remover = excluded.remover, recalled = excluded.recalled,
              operation = excluded.operation, asked_at = excluded.asked_at,
              changed_at = excluded.changed_at\
            """)
        .bind("share", row.share().text())
        .bind("base", row.base().hex())
        .bind("order", row.order())
        .bind("step", row.step())
        .bind("remover", row.remover().map(HostId::toString).orElse(null))
        .bind("recalled", row.recalled())
        .bind("operation", row.operation().toString())
        .bind("asked", row.askedAt().toEpochMilli())
        .bind("changed", row.changedAt().toEpochMilli())
        .execute();
  }

  /** It has left, or stays. */
  public void end(WithdrawalRow row) {
    handle
        .createUpdate("delete from withdrawal where share = :share and base = :base")
        .bind("share", row.share().text())
        .bind("base", row.base().hex())
        .execute();
  }

  private static WithdrawalRow read(ResultSet row) throws SQLException {
    return new WithdrawalRow(
        new EntityName(row.getString("share")),
        new DiskId(row.getString("base")),
        row.getString("order_id"),
        row.getInt("step"),
        Column.text(row, "remover").map(HostId::parse),
        row.getBoolean("recalled"),
        OperationId.parse(row.getString("operation")),
        Column.instant(row, "asked_at"),
        Column.instant(row, "changed_at"));
  }
}
