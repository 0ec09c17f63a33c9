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
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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

  /**
   * Adds these.
   *
   * @param run of the server that adds them; it does imports by itself
   */
  public void add(Collection<OperationRow> rows, Optional<String> run) {
    if (rows.isEmpty()) {
      return;
    }
    PreparedBatch batch =
        handle.prepareBatch(
            """
            insert into operation (id, tenant, kind, subject, vm, state, power_revision,
              steps, created_at, base, host, server)
            values (:id, :tenant, :kind, :subject, :vm, :state, :powerRevision,
              :steps, :created, :base, :host, :server)\
            """);
    for (OperationRow row : rows) {
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
          .bind("created", view.createdAt().toEpochMilli())
          .bind("base", view.base().map(DiskId::hex).orElse(null))
          .bind("host", view.host().map(HostId::toString).orElse(null))
          .bind("server", view.kind() == OperationKind.IMPORT ? run.orElse(null) : null)
          .add();
    }
    batch.execute();
  }

  /**
   * Writes how these have ended.
   *
   * @param run of the server that writes; one that a server does by itself only that one ends, or
   *     who has taken it up
   * @return one that had ended already, or is another server's, if there is such
   */
  public Optional<OperationId> end(List<OperationRow> rows, Optional<String> run) {
    if (rows.isEmpty()) {
      return Optional.empty();
    }
    PreparedBatch batch =
        handle.prepareBatch(
            """
            update operation set state = :state, steps = :steps, problem = :problem,
              result = :result, ended_at = :ended
            where id = :id and state = 'RUNNING' and (server is null or server = :run)\
            """);
    for (OperationRow row : rows) {
      OperationView view = row.view();
      batch
          .bind("id", view.id().toString())
          .bind("state", view.state().name())
          .bind("steps", Json.write(view.steps()))
          .bind("problem", view.problem().map(Json::write).orElse(null))
          .bind("result", view.result().orElse(null))
          .bind("ended", Column.millis(view.endedAt()))
          .bind("run", run.orElse(""))
          .add();
    }
    int[] written = batch.execute();
    for (int i = 0; i < written.length; i++) {
      if (written[i] != 1) {
        return Optional.of(rows.get(i).view().id());
      }
    }
    return Optional.empty();
  }

  /** Writes how far these have come, unless they have ended. */
  public void progress(Collection<OperationRow> operations) {
    PreparedBatch batch =
        handle.prepareBatch(
            "update operation set steps = :steps, problem = :problem"
                + " where id = :id and state = 'RUNNING'");
    for (OperationRow row : operations) {
      batch
          .bind("id", row.view().id().toString())
          .bind("steps", Json.write(row.view().steps()))
          .bind("problem", row.view().problem().map(Json::write).orElse(null))
          .add();
    }
    batch.execute();
  }

  /** Lets another server end what this one did by itself. */
  public List<OperationRow> takeOver(String from, String by) {
    List<OperationRow> left =
        handle
            .createQuery("select * from operation where server = :run and state = 'RUNNING'")
            .bind("run", from)
            .map((row, context) -> read(row))
            .list();
    handle
        .createUpdate("update operation set server = :by where server = :run and state = 'RUNNING'")
        .bind("by", by)
        .bind("run", from)
        .execute();
    return left;
  }

  /** The runs of servers that do something by themselves, as far as is known. */
  public List<String> workers() {
    return handle
        .createQuery(
            "select distinct server from operation where server is not null and state = 'RUNNING'")
        .mapTo(String.class)
        .list();
  }

  /** The one that is under way on this VM. */
  public Optional<OperationRow> runningOf(VmId vm) {
    return handle
        .createQuery("select * from operation where vm = :vm and state = 'RUNNING' order by id")
        .bind("vm", vm.toString())
        .map((row, context) -> read(row))
        .findFirst();
  }

  /** Those that are under way on these VMs; of several on one the first. */
  public Map<VmId, OperationRow> runningOf(Collection<VmId> vms) {
    Map<VmId, OperationRow> running = new HashMap<>();
    for (List<String> piece : InList.pieces(vms)) {
      handle
          .createQuery(
              "select * from operation where vm in (<vms>) and state = 'RUNNING' order by id")
          .bindList("vms", piece)
          .map((row, context) -> read(row))
          .forEach(row -> row.view().vm().ifPresent(vm -> running.putIfAbsent(vm, row)));
    }
    return running;
  }

  /** Those that are under way on this host and are not about a VM. */
  public List<OperationRow> runningOn(HostId host) {
    return handle
        .createQuery("select * from operation where host = :host and state = 'RUNNING' order by id")
        .bind("host", host.toString())
        .map((row, context) -> read(row))
        .list();
  }

  /** Those of {@code ids} that there are. */
  public List<OperationRow> among(List<OperationId> ids) {
    List<OperationRow> found = new ArrayList<>();
    for (List<String> piece : InList.pieces(ids)) {
      handle
          .createQuery("select * from operation where id in (<ids>)")
          .bindList("ids", piece)
          .map((row, context) -> read(row))
          .forEach(found::add);
    }
    return found;
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
