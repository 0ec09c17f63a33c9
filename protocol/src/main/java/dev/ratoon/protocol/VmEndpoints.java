package dev.ratoon.protocol;

import static dev.ratoon.protocol.EndpointRow.delete;
import static dev.ratoon.protocol.EndpointRow.get;
import static dev.ratoon.protocol.EndpointRow.post;
import static dev.ratoon.protocol.Permission.VMS_READ;
import static dev.ratoon.protocol.Permission.VMS_WRITE;

import dev.ratoon.protocol.Endpoint.Bytes;
import dev.ratoon.protocol.Endpoint.NoBody;
import dev.ratoon.protocol.api.DeployRequest;
import dev.ratoon.protocol.api.MigrateRequest;
import dev.ratoon.protocol.api.MigrationView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.PlacementView;
import dev.ratoon.protocol.api.StopRequest;
import dev.ratoon.protocol.api.VmView;
import java.util.List;
import java.util.Map;

/** VMs: deployed, started, stopped, moved to other hosts, deleted. */
public final class VmEndpoints {
  public static final Endpoint<DeployRequest, OperationView> VM_DEPLOY =
      post("vm-deploy", "/v1/vms", VMS_WRITE)
          .takes(DeployRequest.class)
          .beginsAll(
              "Deploys VMs: one operation for each. An Idempotency-Key header makes it safe to"
                  + " repeat.");
  public static final Endpoint<DeployRequest, PlacementView> PLACE =
      post("place", "/v1/placements", VMS_WRITE)
          .takes(DeployRequest.class)
          .answers(
              PlacementView.class,
              "Where VMs would go that are deployed with this request: hosts and clusters, the best"
                  + " first, and why others are refused. Nothing is deployed.");
  public static final Endpoint<NoBody, VmView> VM_LIST =
      get("vm-list", "/v1/vms", VMS_READ)
          .query(Pages.query(Map.of("trashed", "true: those in the trash instead.")))
          .answersAll(VmView.class, "All VMs, by name. " + Pages.HELP);
  public static final Endpoint<NoBody, VmView> VM_SHOW =
      get("vm-show", "/v1/vms/{vm}", VMS_READ).answers(VmView.class, "One VM, by name or id.");
  public static final Endpoint<NoBody, OperationView> VM_START =
      post("vm-start", "/v1/vms/{vm}/start", VMS_WRITE)
          .begins("Starts a stopped, failed or paused VM.");
  public static final Endpoint<StopRequest, OperationView> VM_STOP =
      post("vm-stop", "/v1/vms/{vm}/stop", VMS_WRITE)
          .takes(StopRequest.class)
          .begins("Asks the guest to shut down, and switches it off when it does not.");
  public static final Endpoint<MigrateRequest, OperationView> VM_MIGRATE =
      post("vm-migrate", "/v1/vms/{vm}/migration", VMS_WRITE)
          .takes(MigrateRequest.class)
          .begins("Moves a VM to another host; only its own disks move where its base disks are.");
  public static final Endpoint<MigrateRequest, MigrationView> VM_MIGRATE_PLAN =
      post("vm-migrate-plan", "/v1/vms/{vm}/migration/plan", VMS_READ)
          .takes(MigrateRequest.class)
          .answers(
              MigrationView.class, "Where a VM would go, and what would move. Nothing is changed.");
  public static final Endpoint<NoBody, OperationView> VM_MIGRATE_CANCEL =
      delete("vm-migrate-cancel", "/v1/vms/{vm}/migration", VMS_WRITE)
          .begins(
              "Ends the migration of a VM, which stays where it is, unless it has just arrived.");
  public static final Endpoint<NoBody, OperationView> VM_DELETE =
      delete("vm-delete", "/v1/vms/{vm}", VMS_WRITE)
          .begins("Stops a VM and puts its disks into the trash.");
  public static final Endpoint<NoBody, OperationView> VM_UNDELETE =
      post("vm-undelete", "/v1/vms/{vm}/undelete", VMS_WRITE)
          .begins("Brings a VM back from the trash, stopped.");
  public static final Endpoint<NoBody, OperationView> VM_PURGE =
      post("vm-purge", "/v1/vms/{vm}/purge", VMS_WRITE)
          .begins("Removes a VM of the trash for good, with its disks.");
  public static final Endpoint<NoBody, OperationView> TRASH_EMPTY =
      post("trash-empty", "/v1/trash/empty", VMS_WRITE)
          .query(Map.of("olderThanHours", "Only what was deleted so long ago; all unless told."))
          .beginsAll("Removes what is in the trash for good: one operation for each VM.");
  public static final Endpoint<NoBody, Bytes> VM_CONSOLE =
      get("vm-console", "/v1/vms/{vm}/console", VMS_READ)
          .query(
              Map.of(
                  "offset", "Byte to begin at; negative counts from the end.",
                  "wait", "Seconds to wait for something new, at most 30."))
          .answers(
              Bytes.class,
              "What the guest wrote to its serial console. Header Ratoon-Next-Offset says where to go"
                  + " on.");
  public static final Endpoint<NoBody, Bytes> VM_EXPORT =
      get("vm-export", "/v1/vms/{vm}/disks/{disk}", VMS_READ)
          .query(
              Map.of(
                  "part", "whole (unless told), base or overlay.",
                  "packed", "false: nothing is packed, for a network that is faster than zstd."))
          .answers(
              Bytes.class,
              "The content of a disk, counted from 0, of a VM that does not run; as"
                  + " docs/formats/disk-stream.md says. A stream without its end is worthless.");

  private VmEndpoints() {}

  /** Every row. */
  static List<Endpoint<?, ?>> all() {
    return List.of(
        VM_DEPLOY,
        PLACE,
        VM_LIST,
        VM_SHOW,
        VM_START,
        VM_STOP,
        VM_MIGRATE,
        VM_MIGRATE_PLAN,
        VM_MIGRATE_CANCEL,
        VM_DELETE,
        VM_UNDELETE,
        VM_PURGE,
        TRASH_EMPTY,
        VM_CONSOLE,
        VM_EXPORT);
  }
}
