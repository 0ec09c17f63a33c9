package dev.ratoon.server.store;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import dev.ratoon.model.OperationId;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.MoveReport.Moved;
import dev.ratoon.protocol.api.MigrationMode;
import dev.ratoon.server.store.MigrationRow.Phase;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/** The VMs on their way between hosts, until all is removed that was in two places. */
public final class MigrationTable {
  private final Handle handle;

  MigrationTable(Handle handle) {
    this.handle = handle;
  }

  public void add(MigrationRow row) {
    handle
        .createUpdate(
            """
            insert into migration (vm, epoch, operation, source, target, mode, phase, power,
              grace_seconds, desired, moved)
            values (:vm, :epoch, :operation, :source, :target, :mode, :phase, :power,
              :grace, :desired, :moved)\
            """)
        .bind("vm", row.vm().toString())
        .bind("epoch", row.epoch())
        .bind("operation", row.operation().toString())
        .bind("source", row.source().toString())
        .bind("target", row.target().toString())
        .bind("mode", row.mode().name())
        .bind("phase", row.phase().name())
        .bind("power", row.power().name())
        .bind("grace", row.graceSeconds())
        .bind("desired", Json.write(row.desired()))
        .bind("moved", row.moved().map(Json::write).orElse(null))
        .execute();
  }

  /** Writes how far it is. */
  public void put(MigrationRow row) {
    handle
        .createUpdate(
            "update migration set phase = :phase, moved = :moved where vm = :vm and epoch = :epoch")
        .bind("vm", row.vm().toString())
        .bind("epoch", row.epoch())
        .bind("phase", row.phase().name())
        .bind("moved", row.moved().map(Json::write).orElse(null))
        .execute();
  }

  public void remove(MigrationRow row) {
    handle
        .createUpdate("delete from migration where vm = :vm and epoch = :epoch")
        .bind("vm", row.vm().toString())
        .bind("epoch", row.epoch())
        .execute();
  }

  public Optional<MigrationRow> find(VmId vm, long epoch) {
    return handle
        .createQuery("select * from migration where vm = :vm and epoch = :epoch")
        .bind("vm", vm.toString())
        .bind("epoch", epoch)
        .map((row, context) -> read(row))
        .findOne();
  }

  public List<MigrationRow> of(VmId vm) {
    return handle
        .createQuery("select * from migration where vm = :vm order by epoch")
        .bind("vm", vm.toString())
        .map((row, context) -> read(row))
        .list();
  }

  /** Those that come to the host or leave it. */
  public List<MigrationRow> onHost(HostId host) {
    return handle
        .createQuery("select * from migration where source = :host or target = :host order by vm")
        .bind("host", host.toString())
        .map((row, context) -> read(row))
        .list();
  }

  /** Whether a VM that comes to the host stands on the base. */
  public boolean hostNeeds(HostId host, DiskId base) {
    return handle
            .createQuery(
                """
                select count(*) from migration join vm_base on vm_base.vm = migration.vm
                where migration.target = :host and vm_base.base = :base
                  and migration.phase in ('BRINGING', 'COPYING', 'LIVE', 'RETURNING')\
                """)
            .bind("host", host.toString())
            .bind("base", base.hex())
            .mapTo(Long.class)
            .one()
        > 0;
  }

  private static MigrationRow read(ResultSet row) throws SQLException {
    return new MigrationRow(
        VmId.parse(row.getString("vm")),
        row.getLong("epoch"),
        OperationId.parse(row.getString("operation")),
        HostId.parse(row.getString("source")),
        HostId.parse(row.getString("target")),
        MigrationMode.valueOf(row.getString("mode")),
        Phase.valueOf(row.getString("phase")),
        DesiredPower.valueOf(row.getString("power")),
        row.getInt("grace_seconds"),
        Column.json(row, "desired", DesiredVm.class),
        Column.maybeJson(row, "moved", Moved.class));
  }
}
