package dev.ratoon.server.inventory;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.placement.Quota;
import dev.ratoon.protocol.api.QuotaView;
import dev.ratoon.protocol.api.TenantQuota;
import dev.ratoon.server.store.QuotaTable.Used;
import dev.ratoon.server.store.Transaction;
import java.util.List;
import java.util.Optional;

/**
 * What tenants may have in all. Who gives a tenant something asks in the same transaction what is
 * left, and nobody else gives that tenant anything until it has ended.
 */
public final class Quotas {
  private Quotas() {}

  public static QuotaView view(Transaction tx, String tenant) {
    Used used = tx.quotas().used(tenant);
    return new QuotaView(
        tenant, tx.quotas().most(tenant), used.vms(), used.memoryBytes(), used.diskBytes());
  }

  /** What is left for VMs each of whose disks may grow to so much together; read alone. */
  static Quota left(Transaction tx, String tenant, long grownBytes) {
    TenantQuota most = tx.quotas().most(tenant);
    return most.equals(TenantQuota.NONE) ? Quota.NONE : left(tx, tenant, most, grownBytes);
  }

  /** The same, for who gives it in this transaction. */
  static Quota hold(Transaction tx, String tenant, long grownBytes) {
    TenantQuota most = tx.quotas().most(tenant);
    if (most.equals(TenantQuota.NONE)) {
      return Quota.NONE;
    }
    tx.quotas().hold(tenant);
    return left(tx, tenant, most, grownBytes);
  }

  private static Quota left(Transaction tx, String tenant, TenantQuota most, long grownBytes) {
    Used used = tx.quotas().used(tenant);
    return new Quota(
        left(most.vms(), used.vms()),
        Long.MAX_VALUE,
        left(most.memoryBytes(), used.memoryBytes()),
        new Quota.Disks(left(most.diskBytes(), used.diskBytes()), grownBytes));
  }

  private static long left(Optional<Long> most, long used) {
    return most.map(number -> number - used).orElse(Long.MAX_VALUE);
  }

  /**
   * Makes sure that one more VM may be given to a tenant.
   *
   * @param grownBytes that its disks may grow to and that do not count yet
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#QUOTA_EXCEEDED}
   */
  static void require(
      Transaction tx, String tenant, String doing, long memoryBytes, long grownBytes) {
    List<String> beyond = hold(tx, tenant, grownBytes).reasonsAgainst(0, memoryBytes, 1);
    if (!beyond.isEmpty()) {
      throw problem(doing, beyond).asException();
    }
  }

  static Problem problem(String doing, List<String> beyond) {
    return Problem.of(ErrorCode.QUOTA_EXCEEDED, doing)
        .detail("That is more than is allowed: " + String.join("; ", beyond) + ".")
        .next("'ratoon quota show' says what is used; delete VMs, or have an operator allow more.");
  }
}
