package dev.ratoon.server.api;

import dev.ratoon.protocol.CacheEndpoints;
import dev.ratoon.protocol.VmEndpoints;
import dev.ratoon.server.inventory.CleanUps;
import dev.ratoon.server.inventory.Inventory;
import dev.ratoon.server.inventory.Vms;
import java.time.Duration;

/** What makes room: cache policies, and the trash. */
final class CleanUpActions {
  private static final long MOST_HOURS = 24 * 3650;

  private CleanUpActions() {}

  static void add(Actions actions, Inventory inventory) {
    CleanUps cleanUps = inventory.cleanUps();
    Vms vms = inventory.vms();
    actions
        .on(CacheEndpoints.CACHE_POLICIES, call -> new Answer.Value(cleanUps.policies()))
        .on(
            CacheEndpoints.CACHE_POLICY_SET,
            call -> new Answer.Value(cleanUps.set(where(call), call.body())))
        .on(
            CacheEndpoints.CACHE_POLICY_CLEAR,
            call -> new Answer.Value(cleanUps.clear(where(call))))
        .on(CacheEndpoints.CACHE_PLAN, call -> new Answer.Value(cleanUps.plan(where(call))))
        .on(
            CacheEndpoints.CACHE_CLEAN,
            call -> new Answer.Value(cleanUps.clean(call.tenant(), where(call))))
        .on(
            VmEndpoints.VM_PURGE,
            call -> new Answer.Value(vms.purge(call.tenant(), call.parameter("vm"))))
        .on(
            VmEndpoints.TRASH_EMPTY,
            call ->
                new Answer.Value(
                    vms.emptyTrash(
                        call.tenant(),
                        Duration.ofHours(
                            call.number("olderThanHours", 0, MOST_HOURS).orElse(0L)))));
  }

  private static CleanUps.Where where(Call<?> call) {
    return new CleanUps.Where(call.query("host"), call.query("share"));
  }
}
