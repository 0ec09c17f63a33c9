package dev.ratoon.server.inventory;

import dev.ratoon.placement.Quota;
import dev.ratoon.server.inventory.DeployBatch.Deploy;
import dev.ratoon.server.store.Transaction;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** What tenants may still be given: as the database says, less what was given since. */
final class QuotasLeft {
  private final Transaction tx;
  private final Map<String, Quota> left = new HashMap<>();

  QuotasLeft(Transaction tx) {
    this.tx = tx;
  }

  /** Nobody else gives anything to the tenant until the transaction has ended. */
  void hold(String tenant) {
    left.put(tenant, Quotas.hold(tx, tenant, 0));
  }

  /** What the deploy would go beyond, in words. */
  List<String> reasonsAgainst(Deploy deploy) {
    return of(deploy).reasonsAgainst(deploy.needs(), deploy.wanted.request().count());
  }

  /** The deploy's VMs count from now on. */
  void take(Deploy deploy) {
    left.put(
        deploy.wanted.tenant(), of(deploy).less(deploy.needs(), deploy.wanted.request().count()));
  }

  private Quota of(Deploy deploy) {
    return Objects.requireNonNull(left.get(deploy.wanted.tenant()))
        .withEach(deploy.blueprint().grownBytes());
  }
}
