package dev.ratoon.server.store;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.model.VmId;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.PreparedBatch;
import org.jdbi.v3.core.statement.Query;

/** What placement asks of the VMs that are there, and what base disks have of each other. */
public final class PlacementTable {
  private static final String STARTING =
      """
      select vm.host as host, count(*) as vms
      from operation join vm on vm.id = operation.vm
      where operation.state = 'RUNNING' and operation.kind in ('DEPLOY', 'START')
      group by vm.host\
      """;

  private static final String GROUP =
      """
      select host from vm
      where tenant = :tenant and placement_group = :group and trashed_at is null and id <> :except
      union
      select migration.target as host
      from migration join vm on vm.id = migration.vm
      where vm.tenant = :tenant and vm.placement_group = :group and vm.trashed_at is null
        and vm.id <> :except and migration.phase in ('BRINGING', 'COPYING', 'LIVE', 'RETURNING')\
      """;

  private final Handle handle;

  PlacementTable(Handle handle) {
    this.handle = handle;
  }

  /** How many VMs are being deployed or started on each host that has such. */
  public Map<HostId, Integer> starting() {
    return starting(handle.createQuery(STARTING));
  }

  private static Map<HostId, Integer> starting(Query query) {
    Map<HostId, Integer> counts = new HashMap<>();
    query
        .map((row, context) -> Map.entry(HostId.parse(row.getString("host")), row.getInt("vms")))
        .forEach(entry -> counts.put(entry.getKey(), entry.getValue()));
    return counts;
  }

  /**
   * The hosts that have VMs of this group outside the trash, or to which such a one is on its way.
   */
  public Set<HostId> group(String tenant, EntityName group) {
    return group(tenant, group, Optional.empty());
  }

  /** The same, as if this VM were not in it. */
  public Set<HostId> group(String tenant, EntityName group, VmId except) {
    return group(tenant, group, Optional.of(except));
  }

  private Set<HostId> group(String tenant, EntityName group, Optional<VmId> except) {
    return new HashSet<>(
        handle
            .createQuery(GROUP)
            .bind("tenant", tenant)
            .bind("group", group.text())
            .bind("except", except.map(VmId::toString).orElse(""))
            .map((row, context) -> HostId.parse(row.getString("host")))
            .list());
  }

  /** For each base disk those that have something of it, and how much of it is missing then. */
  public Map<DiskId, Map<DiskId, Long>> kin() {
    return kin(
        handle.createQuery(
            "select base, relative, missing_bytes from base_kin where relative <> base"));
  }

  /** The same for these base disks. */
  public Map<DiskId, Map<DiskId, Long>> kin(Collection<DiskId> bases) {
    return bases.isEmpty()
        ? Map.of()
        : kin(
            handle
                .createQuery(
                    "select base, relative, missing_bytes from base_kin"
                        + " where base in (<bases>) and relative <> base")
                .bindList("bases", bases.stream().map(DiskId::hex).toList()));
  }

  private static Map<DiskId, Map<DiskId, Long>> kin(Query query) {
    Map<DiskId, Map<DiskId, Long>> kin = new HashMap<>();
    query
        .map((row, context) ->
            new Kin(
                new DiskId(row.getString("base")),
                new DiskId(row.getString("relative")),
                row.getLong("missing_bytes")))
        .forEach(row ->
            kin.computeIfAbsent(row.base(), base -> new HashMap<>())
                .put(row.relative(), row.missingBytes()));
    return kin;
  }

  /** The base disks that were compared with those that were there then. */
  public Set<DiskId> reckoned() {
    return new HashSet<>(
        handle
            .createQuery("select base from base_kin where relative = base")
            .map((row, context) -> new DiskId(row.getString("base")))
            .list());
  }

  /** What one base disk lacks where another is. */
  public record Kin(DiskId base, DiskId relative, long missingBytes) {}

  public void add(Collection<Kin> pairs) {
    if (pairs.isEmpty()) {
      return;
    }
    PreparedBatch batch =
        handle.prepareBatch(
            """
            insert into base_kin (base, relative, missing_bytes)
            values (:base, :relative, :missing)
            on conflict (base, relative) do update set missing_bytes = excluded.missing_bytes\
            """);
    for (Kin kin : pairs) {
      batch
          .bind("base", kin.base().hex())
          .bind("relative", kin.relative().hex())
          .bind("missing", kin.missingBytes())
          .add();
    }
    batch.execute();
  }
}
