package dev.ratoon.server.api;

import dev.ratoon.model.ImageRef;
import dev.ratoon.protocol.ImageEndpoints;
import dev.ratoon.server.inventory.Inventory;

/** What the API does with base disks. */
final class BaseActions {
  private BaseActions() {}

  static void add(Actions actions, Inventory inventory) {
    actions
        .on(
            ImageEndpoints.BASE_LIST,
            call -> new Answer.Value(inventory.fleet().bases(call.tenant())))
        .on(
            ImageEndpoints.BASE_PRECACHE,
            call ->
                new Answer.Value(
                    inventory
                        .precaches()
                        .precache(
                            call.tenant(), ImageRef.parse(call.parameter("image")), call.body())))
        .on(
            ImageEndpoints.BASE_PRECACHE_END,
            call ->
                new Answer.Value(
                    inventory
                        .precaches()
                        .end(call.tenant(), ImageRef.parse(call.parameter("image")), call.body())))
        .on(
            ImageEndpoints.BASE_VERIFY,
            call -> new Answer.Value(inventory.verifications().verify(call.tenant(), call.body())));
  }
}
