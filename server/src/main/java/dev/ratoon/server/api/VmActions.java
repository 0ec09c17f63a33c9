package dev.ratoon.server.api;

import dev.ratoon.model.DiskPart;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.VmEndpoints;
import dev.ratoon.protocol.agent.AgentLink.ConsoleText;
import dev.ratoon.protocol.agent.DiskStream;
import dev.ratoon.server.inventory.Deploys;
import dev.ratoon.server.inventory.Inventory;
import dev.ratoon.server.inventory.Migrations;
import dev.ratoon.server.inventory.Vms;
import java.util.Map;

/** What the API does with VMs. */
final class VmActions {
  private static final String IDEMPOTENCY_KEY = "Idempotency-Key";
  private static final String NEXT_OFFSET = "Ratoon-Next-Offset";
  private static final String VM = "vm";

  private VmActions() {}

  static void add(Actions actions, Inventory inventory) {
    Deploys deploys = inventory.deploys();
    Vms vms = inventory.vms();
    Migrations migrations = inventory.migrations();
    actions
        .on(
            VmEndpoints.VM_DEPLOY,
            call ->
                new Answer.Value(
                    deploys.deploy(call.tenant(), call.body(), call.header(IDEMPOTENCY_KEY))))
        .on(VmEndpoints.PLACE, call -> new Answer.Value(deploys.tryOut(call.tenant(), call.body())))
        .on(
            VmEndpoints.VM_LIST,
            call ->
                Answer.Page.of(
                    vms.list(call.tenant(), call.yesOrNo("trashed").orElse(false), call.page())))
        .on(
            VmEndpoints.VM_SHOW,
            call -> new Answer.Value(vms.show(call.tenant(), call.parameter(VM))))
        .on(
            VmEndpoints.VM_START,
            call -> new Answer.Value(vms.start(call.tenant(), call.parameter(VM))))
        .on(
            VmEndpoints.VM_STOP,
            call ->
                new Answer.Value(
                    vms.stop(call.tenant(), call.parameter(VM), call.body().graceSeconds())))
        .on(
            VmEndpoints.VM_MIGRATE,
            call ->
                new Answer.Value(
                    migrations.migrate(call.tenant(), call.parameter(VM), call.body())))
        .on(
            VmEndpoints.VM_MIGRATE_PLAN,
            call ->
                new Answer.Value(migrations.plan(call.tenant(), call.parameter(VM), call.body())))
        .on(
            VmEndpoints.VM_MIGRATE_CANCEL,
            call -> new Answer.Value(migrations.cancel(call.tenant(), call.parameter(VM))))
        .on(
            VmEndpoints.VM_DELETE,
            call -> new Answer.Value(vms.delete(call.tenant(), call.parameter(VM))))
        .on(
            VmEndpoints.VM_UNDELETE,
            call -> new Answer.Value(vms.undelete(call.tenant(), call.parameter(VM))))
        .on(VmEndpoints.VM_CONSOLE, call -> console(vms, call))
        .on(VmEndpoints.VM_EXPORT, call -> export(vms, call));
  }

  private static Answer console(Vms vms, Call<?> call) throws InterruptedException {
    long offset = call.number("offset", Long.MIN_VALUE, Long.MAX_VALUE).orElse(0L);
    ConsoleText text = vms.console(call.tenant(), call.parameter(VM), offset, call.patience());
    return new Answer.Plain(
        "application/octet-stream",
        text.bytes(),
        Map.of(NEXT_OFFSET, Long.toString(text.nextOffset())));
  }

  /** Refuses what it can while there can still be an answer that says so. */
  private static Answer export(Vms vms, Call<?> call) {
    DiskPart part = call.query("part").map(VmActions::part).orElse(DiskPart.WHOLE);
    boolean packed = call.yesOrNo("packed").orElse(true);
    DiskStream disk = vms.disk(call.tenant(), call.parameter(VM), diskNumber(call), part, packed);
    return new Answer.Stream(
        "application/octet-stream",
        out -> {
          try (disk) {
            disk.writeTo(out);
          }
        });
  }

  private static int diskNumber(Call<?> call) {
    String text = call.parameter("disk");
    if (!text.matches("\\d{1,4}")) {
      throw Problem.of(ErrorCode.INVALID_REQUEST, "finding disk '" + text + "'")
          .next("Disks are counted from 0.")
          .asException();
    }
    return Integer.parseInt(text);
  }

  private static DiskPart part(String text) {
    return switch (text) {
      case "whole" -> DiskPart.WHOLE;
      case "base" -> DiskPart.BASE;
      case "overlay" -> DiskPart.OVERLAY;
      default ->
          throw Problem.of(ErrorCode.INVALID_REQUEST, "reading the query parameter 'part'")
              .detail("It is '" + text + "'.")
              .next("Write whole, base or overlay.")
              .asException();
    };
  }
}
