package dev.ratoon.server.store;

import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.api.TenantQuota;
import java.util.List;
import org.jdbi.v3.core.Handle;

/** The most that tenants may have, and what they have. */
public final class QuotaTable {
  private final Handle handle;
  private final boolean shared;

  QuotaTable(Handle handle, boolean shared) {
    this.handle = handle;
    this.shared = shared;
  }

  /** What a tenant has; see {@link dev.ratoon.protocol.api.QuotaView}. */
  public record Used(long vms, long memoryBytes, long diskBytes) {}

  public TenantQuota most(String tenant) {
    return handle
        .createQuery(
            "select quota_vms, quota_memory_bytes, quota_disk_bytes from tenant where id = :tenant")
        .bind("tenant", tenant)
        .map((row, context) ->
            new TenantQuota(
                Column.number(row, "quota_vms"),
                Column.number(row, "quota_memory_bytes"),
                Column.number(row, "quota_disk_bytes")))
        .findOne()
        .orElse(TenantQuota.NONE);
  }

  public void change(String tenant, TenantQuota most) {
    handle
        .createUpdate(
            """
            update tenant set quota_vms = :vms, quota_memory_bytes = :memory,
              quota_disk_bytes = :disk
            where id = :tenant\
            """)
        .bind("tenant", tenant)
        .bind("vms", most.vms().orElse(null))
        .bind("memory", most.memoryBytes().orElse(null))
        .bind("disk", most.diskBytes().orElse(null))
        .execute();
  }

  /** Lets nobody else give the tenant anything until this ends; before any host is locked. */
  public void hold(String tenant) {
    if (shared) {
      handle.execute("select id from tenant where id = ? for no key update", tenant);
    }
  }

  public Used used(String tenant) {
    Used known =
        handle
            .createQuery(
                """
                select coalesce(sum(case when trashed_at is null then 1 else 0 end), 0) as vms,
                  coalesce(sum(case when trashed_at is null then memory_bytes else 0 end), 0)
                    as memory,
                  coalesce(sum(grown_bytes), 0) as disk
                from vm where tenant = :tenant\
                """)
            .bind("tenant", tenant)
            .map((row, context) ->
                new Used(row.getLong("vms"), row.getLong("memory"), row.getLong("disk")))
            .one();
    return new Used(
        known.vms(), known.memoryBytes(), known.diskBytes() + beforeThereWereQuotas(tenant));
  }

  /** What the disks of those VMs may grow to of which it was not written down. */
  private long beforeThereWereQuotas(String tenant) {
    List<String> specs =
        handle
            .createQuery("select spec from vm where tenant = :tenant and grown_bytes is null")
            .bind("tenant", tenant)
            .mapTo(String.class)
            .list();
    return specs.stream()
        .mapToLong(spec -> VmTable.grownBytes(Json.read(spec, VmRow.Spec.class)))
        .sum();
  }
}
