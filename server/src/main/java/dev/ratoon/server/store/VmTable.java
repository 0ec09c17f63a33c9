package dev.ratoon.server.store;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.agent.DesiredNic;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.VmReport;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.PreparedBatch;
import org.jdbi.v3.core.statement.Query;

/** The VMs of all tenants, those in the trash included until their files are gone. */
public final class VmTable {
  /** Bound of a list in SQL; longer ones are asked for piece by piece. */
  private static final int PIECE = 500;

  private static final String MEMORY =
      """
      select host, sum(memory_bytes) as bytes from vm where trashed_at is null %s group by host\
      """;

  private static final String DISK_COMING =
      """
      select vm.host as host, sum(vm.disk_bytes) as bytes
      from operation join vm on vm.id = operation.vm
      where operation.state = 'RUNNING' and operation.kind = 'DEPLOY' %s group by vm.host\
      """;

  private static final String BASES_COMING =
      """
      select vm.host as host, vm_base.base as base,
        (select coalesce(max(stored_bytes), 0) from image where disk_id = vm_base.base) as bytes
      from operation join vm on vm.id = operation.vm join vm_base on vm_base.vm = vm.id
      where operation.state = 'RUNNING' and operation.kind = 'DEPLOY' %s
      group by vm.host, vm_base.base\
      """;

  private final Handle handle;

  VmTable(Handle handle) {
    this.handle = handle;
  }

  public void add(Collection<VmRow> vms) {
    PreparedBatch rows =
        handle.prepareBatch(
            """
            insert into vm (id, tenant, name, host, epoch, power, power_revision,
              desired_revision, stop_grace_seconds, memory_bytes, spec, disk_bytes, created_at,
              cpus, placement_group)
            values (:id, :tenant, :name, :host, :epoch, :power, :powerRevision,
              :desiredRevision, :grace, :memory, :spec, :diskBytes, :created,
              :cpus, :group)\
            """);
    PreparedBatch bases = handle.prepareBatch("insert into vm_base (vm, base) values (:vm, :base)");
    PreparedBatch macs = handle.prepareBatch("insert into vm_mac (vm, mac) values (:vm, :mac)");
    for (VmRow vm : vms) {
      String id = vm.id().toString();
      rows.bind("id", id)
          .bind("tenant", vm.tenant())
          .bind("name", vm.name().text())
          .bind("host", vm.host().toString())
          .bind("epoch", vm.epoch())
          .bind("power", vm.power().name())
          .bind("powerRevision", vm.powerRevision())
          .bind("desiredRevision", vm.desiredRevision())
          .bind("grace", vm.stopGraceSeconds())
          .bind("memory", vm.spec().memoryBytes())
          .bind("spec", Json.write(vm.spec()))
          .bind("diskBytes", vm.diskBytes())
          .bind("created", vm.createdAt().toEpochMilli())
          .bind("cpus", vm.spec().cpus())
          .bind("group", vm.spec().group().map(EntityName::text).orElse(null))
          .add();
      vm.spec().bases().forEach(base -> bases.bind("vm", id).bind("base", base.hex()).add());
      for (DesiredNic nic : vm.spec().nics()) {
        macs.bind("vm", id).bind("mac", nic.mac()).add();
      }
    }
    for (PreparedBatch batch : List.of(rows, bases, macs)) {
      if (batch.size() > 0) {
        batch.execute();
      }
    }
  }

  /** Writes what is wanted of the VM. */
  public void want(VmRow vm) {
    handle
        .createUpdate(
            """
            update vm set power = :power, power_revision = :powerRevision,
              desired_revision = :desiredRevision, stop_grace_seconds = :grace,
              trashed_at = :trashed
            where id = :id\
            """)
        .bind("id", vm.id().toString())
        .bind("power", vm.power().name())
        .bind("powerRevision", vm.powerRevision())
        .bind("desiredRevision", vm.desiredRevision())
        .bind("grace", vm.stopGraceSeconds())
        .bind("trashed", Column.millis(vm.trashedAt()))
        .execute();
  }

  /** Writes what the VM is made of now. */
  public void respec(VmRow vm) {
    String id = vm.id().toString();
    handle
        .createUpdate(
            "update vm set spec = :spec, desired_revision = :desiredRevision where id = :id")
        .bind("id", id)
        .bind("spec", Json.write(vm.spec()))
        .bind("desiredRevision", vm.desiredRevision())
        .execute();
    handle.createUpdate("delete from vm_base where vm = :vm").bind("vm", id).execute();
    PreparedBatch bases = handle.prepareBatch("insert into vm_base (vm, base) values (:vm, :base)");
    vm.spec().bases().forEach(base -> bases.bind("vm", id).bind("base", base.hex()).add());
    if (bases.size() > 0) {
      bases.execute();
    }
  }

  /** Writes what was seen of the VMs. */
  public void observe(Collection<VmRow> vms) {
    if (vms.isEmpty()) {
      return;
    }
    PreparedBatch batch =
        handle.prepareBatch(
            "update vm set observed = :observed, first_started_at = :started where id = :id");
    for (VmRow vm : vms) {
      batch
          .bind("id", vm.id().toString())
          .bind("observed", vm.observed().map(Json::write).orElse(null))
          .bind("started", Column.millis(vm.firstStartedAt()))
          .add();
    }
    batch.execute();
  }

  public void remove(VmId vm) {
    handle.createUpdate("delete from vm where id = :id").bind("id", vm.toString()).execute();
  }

  public Optional<VmRow> find(VmId id) {
    return handle
        .createQuery("select * from vm where id = :id")
        .bind("id", id.toString())
        .map((row, context) -> read(row))
        .findOne();
  }

  /** The VM that holds this name. */
  public Optional<VmRow> named(String tenant, EntityName name) {
    return handle
        .createQuery(
            "select * from vm where tenant = :tenant and name = :name and trashed_at is null")
        .bind("tenant", tenant)
        .bind("name", name.text())
        .map((row, context) -> read(row))
        .findOne();
  }

  public List<VmRow> all(String tenant) {
    return handle
        .createQuery("select * from vm where tenant = :tenant order by name, created_at")
        .bind("tenant", tenant)
        .map((row, context) -> read(row))
        .list();
  }

  public List<VmRow> onHost(HostId host) {
    return handle
        .createQuery("select * from vm where host = :host order by created_at, id")
        .bind("host", host.toString())
        .map((row, context) -> read(row))
        .list();
  }

  /** Those of {@code ids} that exist. */
  public Map<VmId, VmRow> among(List<VmId> ids) {
    Map<VmId, VmRow> found = HashMap.newHashMap(ids.size());
    for (int from = 0; from < ids.size(); from += PIECE) {
      List<String> piece =
          ids.subList(from, Math.min(ids.size(), from + PIECE)).stream()
              .map(VmId::toString)
              .toList();
      handle
          .createQuery("select * from vm where id in (<ids>)")
          .bindList("ids", piece)
          .map((row, context) -> read(row))
          .forEach(vm -> found.put(vm.id(), vm));
    }
    return found;
  }

  /** Those of {@code names} that a VM of the tenant holds. */
  public List<String> taken(String tenant, Collection<EntityName> names) {
    Set<String> held =
        new HashSet<>(
            handle
                .createQuery("select name from vm where tenant = :tenant and trashed_at is null")
                .bind("tenant", tenant)
                .mapTo(String.class)
                .list());
    return names.stream().map(EntityName::text).filter(held::contains).toList();
  }

  /** What these hosts have been promised to. */
  public Promises promises(Collection<HostId> hosts) {
    List<String> ids = hosts.stream().map(HostId::toString).toList();
    return new Promises(
        byHost(MEMORY.formatted("and host in (<ids>)"), ids),
        byHost(DISK_COMING.formatted("and vm.host in (<ids>)"), ids),
        basesComing(BASES_COMING.formatted("and vm.host in (<ids>)"), ids));
  }

  /** What hosts have been promised to. */
  public Promises promises() {
    return new Promises(memoryByHost(), diskComingByHost(), basesComingByHost());
  }

  /** What VMs outside the trash were promised, for each host. */
  public Map<HostId, Long> memoryByHost() {
    return byHost(MEMORY.formatted(""), List.of());
  }

  /** What the disks of VMs that are just being deployed may still come to take, for each host. */
  private Map<HostId, Long> diskComingByHost() {
    return byHost(DISK_COMING.formatted(""), List.of());
  }

  private Map<HostId, Map<DiskId, Long>> basesComingByHost() {
    return basesComing(BASES_COMING.formatted(""), List.of());
  }

  private Map<HostId, Map<DiskId, Long>> basesComing(String query, List<String> ids) {
    Map<HostId, Map<DiskId, Long>> bases = new HashMap<>();
    on(query, ids)
        .map((row, context) ->
            Map.entry(
                HostId.parse(row.getString("host")),
                Map.entry(new DiskId(row.getString("base")), row.getLong("bytes"))))
        .forEach(row ->
            bases
                .computeIfAbsent(row.getKey(), host -> new HashMap<>())
                .put(row.getValue().getKey(), row.getValue().getValue()));
    return bases;
  }

  private Query on(String query, List<String> ids) {
    Query asked = handle.createQuery(query);
    return ids.isEmpty() ? asked : asked.bindList("ids", ids);
  }

  private Map<HostId, Long> byHost(String query, List<String> ids) {
    Map<HostId, Long> bytes = new HashMap<>();
    on(query, ids)
        .map((row, context) -> Map.entry(HostId.parse(row.getString("host")), row.getLong("bytes")))
        .forEach(entry -> bytes.put(entry.getKey(), entry.getValue()));
    return bytes;
  }

  /** Names of the tenant's VMs with a disk made from this base disk, the trash included. */
  public List<String> namesOnBase(String tenant, DiskId base) {
    return handle
        .createQuery(
            """
            select vm.name from vm join vm_base on vm_base.vm = vm.id
            where vm_base.base = :base and vm.tenant = :tenant
            order by case when vm.trashed_at is null then 0 else 1 end, vm.name\
            """)
        .bind("base", base.hex())
        .bind("tenant", tenant)
        .mapTo(String.class)
        .list();
  }

  /** Those in the trash since before {@code then} that are not yet to be purged. */
  public List<VmRow> trashedBefore(Instant then) {
    return handle
        .createQuery("select * from vm where trashed_at <= :then and power = 'TRASHED'")
        .bind("then", then.toEpochMilli())
        .map((row, context) -> read(row))
        .list();
  }

  /** Those of the host that wait to be purged. */
  public List<VmRow> toBePurged(HostId host) {
    return handle
        .createQuery(
            """
            select * from vm
            where host = :host and power = 'PURGED' and trashed_at is not null\
            """)
        .bind("host", host.toString())
        .map((row, context) -> read(row))
        .list();
  }

  /** Whether a disk of a VM of this host is a child, or to be a copy, of the base. */
  public boolean hostNeeds(HostId host, DiskId base) {
    return handle
            .createQuery(
                """
                select count(*) from vm_base join vm on vm.id = vm_base.vm
                where vm_base.base = :base and vm.host = :host\
                """)
            .bind("base", base.hex())
            .bind("host", host.toString())
            .mapTo(Long.class)
            .one()
        > 0;
  }

  public boolean macExists(String mac) {
    return handle
            .createQuery("select count(*) from vm_mac where mac = :mac")
            .bind("mac", mac)
            .mapTo(Integer.class)
            .one()
        > 0;
  }

  private static VmRow read(ResultSet row) throws SQLException {
    return new VmRow(
        VmId.parse(row.getString("id")),
        row.getString("tenant"),
        new EntityName(row.getString("name")),
        HostId.parse(row.getString("host")),
        row.getLong("epoch"),
        DesiredPower.valueOf(row.getString("power")),
        row.getLong("power_revision"),
        row.getLong("desired_revision"),
        row.getInt("stop_grace_seconds"),
        Column.json(row, "spec", VmRow.Spec.class),
        row.getLong("disk_bytes"),
        Column.instant(row, "created_at"),
        Column.maybeInstant(row, "trashed_at"),
        Column.maybeInstant(row, "first_started_at"),
        Column.maybeJson(row, "observed", VmReport.class));
  }
}
