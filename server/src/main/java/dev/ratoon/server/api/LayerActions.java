package dev.ratoon.server.api;

import dev.ratoon.model.EntityName;
import dev.ratoon.protocol.LayerEndpoints;
import dev.ratoon.server.inventory.DiskMoves;
import dev.ratoon.server.inventory.FileMoves;
import dev.ratoon.server.inventory.Layerings;

/** What the API does with the disks of VMs as layers. */
final class LayerActions {
  private static final String VM = "vm";
  private static final String SNAPSHOT = "snapshot";

  private LayerActions() {}

  static void add(Actions actions, Layerings layers, DiskMoves moves, FileMoves files) {
    actions
        .on(
            LayerEndpoints.VM_CLONE,
            call -> new Answer.Value(layers.clone(call.tenant(), call.parameter(VM), call.body())))
        .on(
            LayerEndpoints.VM_IMAGE,
            call -> new Answer.Value(layers.image(call.tenant(), call.parameter(VM), call.body())))
        .on(
            LayerEndpoints.VM_SNAPSHOTS,
            call -> new Answer.Value(layers.snapshots(call.tenant(), call.parameter(VM))))
        .on(
            LayerEndpoints.VM_SNAPSHOT,
            call ->
                new Answer.Value(layers.snapshot(call.tenant(), call.parameter(VM), call.body())))
        .on(
            LayerEndpoints.VM_REVERT,
            call ->
                new Answer.Value(
                    layers.revert(call.tenant(), call.parameter(VM), snapshot(call), call.body())))
        .on(
            LayerEndpoints.VM_SNAPSHOT_DELETE,
            call ->
                new Answer.Value(
                    layers.deleteSnapshot(call.tenant(), call.parameter(VM), snapshot(call))))
        .on(
            LayerEndpoints.VM_FLATTEN,
            call -> new Answer.Value(layers.flatten(call.tenant(), call.parameter(VM))))
        .on(
            LayerEndpoints.VM_REBASE,
            call -> new Answer.Value(layers.rebase(call.tenant(), call.parameter(VM), call.body())))
        .on(
            LayerEndpoints.VM_MOVE_DISK,
            call -> new Answer.Value(moves.move(call.tenant(), call.parameter(VM), call.body())))
        .on(
            LayerEndpoints.VM_MOVE_DISK_PLAN,
            call -> new Answer.Value(moves.plan(call.tenant(), call.parameter(VM), call.body())))
        .on(
            LayerEndpoints.VM_MOVE_FILE,
            call -> new Answer.Value(files.move(call.tenant(), call.parameter(VM), call.body())))
        .on(
            LayerEndpoints.VM_MOVE_FILE_PLAN,
            call -> new Answer.Value(files.plan(call.tenant(), call.parameter(VM), call.body())));
  }

  private static EntityName snapshot(Call<?> call) {
    return new EntityName(call.parameter(SNAPSHOT));
  }
}
