package dev.ratoon.server.api;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.ImageRef;
import dev.ratoon.protocol.CacheEndpoints;
import dev.ratoon.server.inventory.FleetShares;

/** What operators do with shared caches. */
final class ShareActions {
  private static final String SHARE = "share";

  private ShareActions() {}

  static void add(Actions actions, FleetShares shares) {
    actions
        .on(CacheEndpoints.SHARE_LIST, call -> new Answer.Value(shares.list(call.tenant())))
        .on(
            CacheEndpoints.SHARE_SHOW,
            call -> new Answer.Value(shares.show(call.tenant(), name(call))))
        .on(
            CacheEndpoints.SHARE_ADD,
            call -> new Answer.Value(shares.add(call.tenant(), call.body())))
        .on(
            CacheEndpoints.SHARE_REMOVE,
            call -> new Answer.Value(shares.remove(call.tenant(), name(call))))
        .on(
            CacheEndpoints.SHARE_FILL,
            call -> new Answer.Value(shares.fill(call.tenant(), name(call), call.body().image())))
        .on(
            CacheEndpoints.SHARE_FILL_END,
            call ->
                new Answer.Value(
                    shares.endFill(
                        call.tenant(), name(call), ImageRef.parse(call.parameter("image")))));
  }

  private static EntityName name(Call<?> call) {
    return new EntityName(call.parameter(SHARE));
  }
}
