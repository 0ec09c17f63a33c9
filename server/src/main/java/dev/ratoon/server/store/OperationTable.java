package dev.ratoon.server.store;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import dev.ratoon.model.OperationId;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.OperationStep;
import dev.ratoon.model.Problem;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.api.OperationView;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.PreparedBatch;

/** All operations, the ended ones for as long as they are remembered. Ids grow with time. */
public final class OperationTable {

  /**
   * An operation.
   *
   * @param revision what the report on its VM or base must have reached before it can end
   */
  public record OperationRow(String tenant, OperationView view, long revision) {
    public OperationRow with(OperationView changed) {
      return new OperationRow(tenant, changed, revision);
    }

    /** The same operation, as far as these steps. */
    public OperationRow withSteps(List<OperationStep> steps) {
      return at(steps, view.problem());
    }

    /** The same operation, as far as these steps, and what keeps it waiting there. */
    public OperationRow at(List<OperationStep> steps, Optional<Problem> waiting) {
      return with(
          new OperationView(
              view.id(),
              view.kind(),
              view.subject(),
              view.vm(),
              view.state(),
              steps,
              waiting,
              view.result(),
              view.createdAt(),
              view.endedAt(),
              view.base(),
              view.host()));
    }
  }

  private final Handle handle;

  OperationTable(Handle handle) {
    this.handle = handle;
  }

  /** Adds these, or writes what has become of them. */
  public void put(Collection<OperationRow> operations) {
    if (operations.isEmpty()) {
      return;
    }
    PreparedBatch batch =
        handle.prepareBatch(
            """
            insert into operation (id, tenant, kind, subject, vm, state, power_revision,
              steps, problem, result, created_at, ended_at, base, host)
            values (:id, :tenant, :kind, :subject, :vm, :state, :powerRevision,
              :steps, :problem, :result, :created, :ended, :base, :host)
            on conflict (id) do update set state = excluded.state, steps = excluded.steps,
              problem = excluded.problem, result = excluded.result,
              ended_at = excluded.ended_at\
            """);
    for (OperationRow row : operations) {
      OperationView view = row.view();
      batch
          .bind("id", view.id().toString())
          .bind("tenant", row.tenant())
          .bind("kind", view.kind().name())
          .bind("subject", view.subject())
          .bind("vm", view.vm().map(VmId::toString).orElse(null))
          .bind("state", view.state().name())
          .bind("powerRevision", row.revision())
          .bind("steps", Json.write(view.steps()))
          .bind("problem", view.problem().map(Json::write).orElse(null))
          .bind("result", view.result().orElse(null))
          .bind("created", view.createdAt().toEpochMilli())
          .bind("ended", Column.millis(view.endedAt()))
          .bind("base", view.base().map(DiskId::hex).orElse(null))
          .bind("host", view.host().map(HostId::toString).orElse(null))
          .add();
    }
    batch.execute();
  }

  public Optional<OperationRow> find(OperationId id) {
    return handle
        .createQuery("select * from operation where id = :id")
        .bind("id", id.toString())
        .map((row, context) -> read(row))
        .findOne();
  }

  public List<OperationRow> running() {
    return handle
        .createQuery("select * from operation where state = 'RUNNING' order by id")
        .map((row, context) -> read(row))
        .list();
  }

  /** The newest {@code limit}, newest first. */
  public List<OperationRow> newest(String tenant, int limit) {
    return handle
        .createQuery("select * from operation where tenant = :tenant order by id desc limit :limit")
        .bind("tenant", tenant)
        .bind("limit", limit)
        .map((row, context) -> read(row))
        .list();
  }

  /** The newest {@code limit} of one VM, newest first. */
  public List<OperationRow> newestOf(VmId vm, int limit) {
    return handle
        .createQuery("select * from operation where vm = :vm order by id desc limit :limit")
        .bind("vm", vm.toString())
        .bind("limit", limit)
        .map((row, context) -> read(row))
        .list();
  }

  public void forgetEndedBefore(Instant then) {
    handle
        .createUpdate("delete from operation where ended_at < :then")
        .bind("then", then.toEpochMilli())
        .execute();
  }

  private static OperationRow read(ResultSet row) throws SQLException {
    return new OperationRow(
        row.getString("tenant"),
        new OperationView(
            OperationId.parse(row.getString("id")),
            OperationKind.valueOf(row.getString("kind")),
            row.getString("subject"),
            Column.text(row, "vm").map(VmId::parse),
            OperationState.valueOf(row.getString("state")),
            List.of(Column.json(row, "steps", OperationStep[].class)),
            Column.maybeJson(row, "problem", Problem.class),
            Column.text(row, "result"),
            Column.instant(row, "created_at"),
            Column.maybeInstant(row, "ended_at"),
            Column.text(row, "base").map(DiskId::new),
            Column.text(row, "host").map(HostId::parse)),
        row.getLong("power_revision"));
  }
}
