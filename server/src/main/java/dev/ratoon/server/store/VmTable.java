package dev.ratoon.server.store;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.agent.DesiredNic;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.VmReport;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
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
  private static final String BASES_COMING =
      """
      select coming.host as host, coming.base as base, coalesce(images.bytes, 0) as bytes
      from (select distinct vm.host as host, vm_base.base as base
        from %s join vm_base on vm_base.vm = vm.id
        where vm.observed is null and vm.trashed_at is null) as coming
      left join (select disk_id, max(stored_bytes) as bytes from image group by disk_id) as images
        on images.disk_id = coming.base\
      """;

  /** What VMs that are on their way will take where they go. */
  private static final String MEMORY_COMING =
      """
      select migration.target as host, sum(vm.memory_bytes) as bytes
      from migration join vm on vm.id = migration.vm
      where migration.phase in ('BRINGING', 'COPYING', 'LIVE', 'RETURNING')
      group by migration.target\
      """;

  /** All that hosts were promised for. */
  private static final String PROMISED =
      """
      select host, sum(memory_bytes) as memory, sum(cpus) as cpus, count(*) as vms,
        sum(case when observed is null then disk_bytes else 0 end) as disk,
        sum(case when observed is null then 1 else 0 end) as starting
      from %s where trashed_at is null group by host\
      """;

  /** All that a row of it needs but what was observed. */
  private static final String UNSEEN =
      """
      select vm.id, vm.tenant, vm.name, vm.host, vm.epoch, vm.power, vm.power_revision,
        vm.desired_revision, vm.stop_grace_seconds, vm.spec, vm.disk_bytes, vm.created_at,
        vm.trashed_at, vm.first_started_at, null as observed
      from\
      """;

  /** Between name and id of a VM that ends a piece; no name has it. */
  private static final String PLACE = "/";

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
              cpus, placement_group, grown_bytes)
            values (:id, :tenant, :name, :host, :epoch, :power, :powerRevision,
              :desiredRevision, :grace, :memory, :spec, :diskBytes, :created,
              :cpus, :group, :grown)\
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
          .bind("grown", grownBytes(vm.spec()))
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

  /** What the disks of a VM may grow to together. */
  static long grownBytes(VmRow.Spec spec) {
    return spec.disks().stream().mapToLong(disk -> disk.made().sizeBytes()).sum();
  }

  /** Writes what is wanted of the VM. */
  public void want(VmRow vm) {
    handle
        .createUpdate(
            """
            update vm set power = :power, power_revision = :powerRevision,
              desired_revision = :desiredRevision, stop_grace_seconds = :grace,
              trashed_at = :trashed, host = :host, epoch = :epoch
            where id = :id\
            """)
        .bind("id", vm.id().toString())
        .bind("power", vm.power().name())
        .bind("powerRevision", vm.powerRevision())
        .bind("desiredRevision", vm.desiredRevision())
        .bind("grace", vm.stopGraceSeconds())
        .bind("host", vm.host().toString())
        .bind("epoch", vm.epoch())
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

  /** Removes it. Its host is told so, unless it was to purge it. */
  public void remove(VmRow vm) {
    if (vm.power() != DesiredPower.PURGED) {
      leave(vm.host());
    }
    handle.createUpdate("delete from vm where id = :id").bind("id", vm.id().toString()).execute();
  }

  /** Another host becomes its owner. */
  public void move(VmRow vm, HostId from) {
    leave(from);
    want(vm);
  }

  private void leave(HostId host) {
    handle
        .createUpdate("update host set left_revision = revision + 1 where id = :id")
        .bind("id", host.toString())
        .execute();
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

  /** The tenant's VMs by name, those in the trash or all others, that are not to be purged. */
  public Piece<VmRow> page(String tenant, boolean trashed, Piece.Wanted wanted) {
    String which = trashed ? "power = 'TRASHED'" : "trashed_at is null";
    String[] after = wanted.after().orElse("").split(PLACE, 2);
    List<VmRow> found =
        handle
            .createQuery(
                """
                select * from vm where tenant = :tenant and %s and (name, id) > (:name, :id)
                order by name, id limit :limit\
                """
                    .formatted(which))
            .bind("tenant", tenant)
            .bind("name", after[0])
            .bind("id", after.length > 1 ? after[1] : "")
            .bind("limit", wanted.limit() + 1)
            .map((row, context) -> read(row))
            .list();
    return Piece.of(found, wanted, vm -> vm.name().text() + PLACE + vm.id());
  }

  public List<VmRow> onHost(HostId host) {
    return handle
        .createQuery("select * from vm where host = :host order by created_at, id")
        .bind("host", host.toString())
        .map((row, context) -> read(row))
        .list();
  }

  /**
   * What is wanted of hosts' VMs: of those that changed after the revision that is given for their
   * host, and of those to be purged; the oldest first.
   */
  public Map<HostId, List<DesiredVm>> wantedSince(Map<HostId, Long> revisions) {
    Map<HostId, List<DesiredVm>> vms = HashMap.newHashMap(revisions.size());
    for (List<String> ids : InList.piecesOfRows(revisions.keySet())) {
      String on = InList.rowsWithNumber(ids) + " as wanted join vm on vm.host = wanted.column1";
      Query query =
          handle.createQuery(
              "%1$s %2$s and vm.desired_revision > wanted.column2 union all ".formatted(UNSEEN, on)
                  + "%1$s %2$s and vm.desired_revision <= wanted.column2 where power = 'PURGED' "
                      .formatted(UNSEEN, on)
                  + "order by created_at, id");
      for (int i = 0; i < ids.size(); i++) {
        query.bind(
            "n" + i,
            ids.get(i).isEmpty() ? 0 : revisions.getOrDefault(HostId.parse(ids.get(i)), 0L));
      }
      InList.bindRows(query, ids)
          .map((row, context) -> read(row))
          .forEach(vm -> vms.computeIfAbsent(vm.host(), _ -> new ArrayList<>()).add(vm.desired()));
    }
    return vms;
  }

  /** Those of {@code ids} that exist. */
  public Map<VmId, VmRow> among(List<VmId> ids) {
    Map<VmId, VmRow> found = HashMap.newHashMap(ids.size());
    for (List<String> piece : InList.pieces(ids)) {
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
    Set<String> held = new HashSet<>();
    for (List<String> piece : InList.pieces(names)) {
      handle
          .createQuery(
              """
              select name from vm
              where tenant = :tenant and name in (<names>) and trashed_at is null\
              """)
          .bind("tenant", tenant)
          .bindList("names", piece)
          .mapTo(String.class)
          .forEach(held::add);
    }
    return names.stream().map(EntityName::text).filter(held::contains).toList();
  }

  /** What these hosts have been promised for; those without VMs are left out. */
  public Map<HostId, Promised> promised(Collection<HostId> hosts) {
    Map<HostId, Promised> promised = HashMap.newHashMap(hosts.size());
    for (List<String> ids : InList.piecesOfRows(hosts)) {
      String vms = InList.rows(ids) + " as wanted join vm on vm.host = wanted.column1";
      promised.putAll(
          promised(
              InList.bindRows(handle.createQuery(PROMISED.formatted(vms)), ids),
              InList.bindRows(handle.createQuery(BASES_COMING.formatted(vms)), ids)));
    }
    memoryComing()
        .forEach((host, coming) -> {
          if (hosts.contains(host)) {
            promised.merge(host, coming, Promised::plus);
          }
        });
    return promised;
  }

  /** What all hosts have been promised for; those without VMs are left out. */
  public Map<HostId, Promised> promised() {
    Map<HostId, Promised> promised =
        promised(
            handle.createQuery(PROMISED.formatted("vm")),
            handle.createQuery(BASES_COMING.formatted("vm")));
    memoryComing().forEach((host, coming) -> promised.merge(host, coming, Promised::plus));
    return promised;
  }

  private static Map<HostId, Promised> promised(Query vms, Query coming) {
    Map<HostId, Map<DiskId, Long>> bases = basesComing(coming);
    Map<HostId, Promised> promised = new HashMap<>();
    vms.map(
            (row, context) -> {
              HostId host = HostId.parse(row.getString("host"));
              return Map.entry(
                  host,
                  new Promised(
                      row.getLong("memory"),
                      row.getLong("cpus"),
                      row.getInt("vms"),
                      row.getLong("disk"),
                      row.getInt("starting"),
                      bases.getOrDefault(host, Map.of())));
            })
        .forEach(entry -> promised.put(entry.getKey(), entry.getValue()));
    return promised;
  }

  /** For VMs that are on their way. */
  private Map<HostId, Promised> memoryComing() {
    Map<HostId, Promised> coming = new HashMap<>();
    handle
        .createQuery(MEMORY_COMING)
        .map((row, context) ->
            Map.entry(HostId.parse(row.getString("host")), Promised.memory(row.getLong("bytes"))))
        .forEach(entry -> coming.put(entry.getKey(), entry.getValue()));
    return coming;
  }

  private static Map<HostId, Map<DiskId, Long>> basesComing(Query query) {
    Map<HostId, Map<DiskId, Long>> bases = new HashMap<>();
    query
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

  /** Those in the tenant's trash of this name. */
  public List<VmRow> trashedNamed(String tenant, EntityName name) {
    return handle
        .createQuery(
            "select * from vm where tenant = :tenant and name = :name and power = 'TRASHED'")
        .bind("tenant", tenant)
        .bind("name", name.text())
        .map((row, context) -> read(row))
        .list();
  }

  /** Those in the tenant's trash since {@code then} or before. */
  public List<VmRow> trashedBefore(String tenant, Instant then) {
    return handle
        .createQuery(
            """
            select * from vm
            where tenant = :tenant and trashed_at <= :then and power = 'TRASHED'\
            """)
        .bind("tenant", tenant)
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

  /** Those of these MAC addresses that VMs have. */
  public Set<String> macsAmong(Collection<String> macs) {
    Set<String> there = new HashSet<>();
    for (List<String> piece : InList.pieces(macs)) {
      handle
          .createQuery("select mac from vm_mac where mac in (<macs>)")
          .bindList("macs", piece)
          .mapTo(String.class)
          .forEach(there::add);
    }
    return there;
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
