package dev.ratoon.protocol;

import static dev.ratoon.protocol.EndpointRow.delete;
import static dev.ratoon.protocol.EndpointRow.get;
import static dev.ratoon.protocol.EndpointRow.post;
import static dev.ratoon.protocol.Permission.IMAGES_WRITE;
import static dev.ratoon.protocol.Permission.VMS_READ;
import static dev.ratoon.protocol.Permission.VMS_WRITE;

import dev.ratoon.protocol.Endpoint.NoBody;
import dev.ratoon.protocol.api.CloneRequest;
import dev.ratoon.protocol.api.ImageFromVmRequest;
import dev.ratoon.protocol.api.MoveDiskRequest;
import dev.ratoon.protocol.api.MoveDiskView;
import dev.ratoon.protocol.api.MoveFileRequest;
import dev.ratoon.protocol.api.MoveFileView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.RebaseRequest;
import dev.ratoon.protocol.api.RevertRequest;
import dev.ratoon.protocol.api.SnapshotRequest;
import dev.ratoon.protocol.api.SnapshotView;
import java.util.List;

/** What is done with the layers of VMs' disks: clones, images, snapshots, and where they lie. */
public final class LayerEndpoints {
  public static final Endpoint<CloneRequest, OperationView> VM_CLONE =
      post("vm-clone", "/v1/vms/{vm}/clones", VMS_WRITE)
          .takes(CloneRequest.class)
          .begins(
              "Makes VMs of this one as it is now. Its disks become base disks; it and its clones go on"
                  + " in new files on them. The result names the clones, each of which has a deploy of"
                  + " its own.");
  public static final Endpoint<ImageFromVmRequest, OperationView> VM_IMAGE =
      post("vm-image", "/v1/vms/{vm}/image", IMAGES_WRITE)
          .takes(ImageFromVmRequest.class)
          .begins(
              "Makes an image of a disk of a VM as it is now: a difference to the image it came from.");
  public static final Endpoint<NoBody, SnapshotView> VM_SNAPSHOTS =
      get("vm-snapshots", "/v1/vms/{vm}/snapshots", VMS_READ)
          .answersAll(
              SnapshotView.class,
              "The states of a VM's disks that are remembered, the oldest first.");
  public static final Endpoint<SnapshotRequest, OperationView> VM_SNAPSHOT =
      post("vm-snapshot", "/v1/vms/{vm}/snapshots", VMS_WRITE)
          .takes(SnapshotRequest.class)
          .begins(
              "Remembers the state of all disks of a VM: what a power loss would leave, or better where"
                  + " the guest has an agent.");
  public static final Endpoint<RevertRequest, OperationView> VM_REVERT =
      post("vm-revert", "/v1/vms/{vm}/snapshots/{snapshot}/revert", VMS_WRITE)
          .takes(RevertRequest.class)
          .begins(
              "Lets all disks of a stopped VM be what they were. What was written since is gone.");
  public static final Endpoint<NoBody, SnapshotView> VM_SNAPSHOT_DELETE =
      delete("vm-snapshot-delete", "/v1/vms/{vm}/snapshots/{snapshot}", VMS_WRITE)
          .answers(SnapshotView.class, "Forgets a state. The base disks stay in the caches.");
  public static final Endpoint<NoBody, OperationView> VM_FLATTEN =
      post("vm-flatten", "/v1/vms/{vm}/flatten", VMS_WRITE)
          .begins(
              "Lets a VM's disks stand alone: copies what they need of their bases, while it runs or"
                  + " not.");
  public static final Endpoint<RebaseRequest, OperationView> VM_REBASE =
      post("vm-rebase", "/v1/vms/{vm}/rebase", VMS_WRITE)
          .takes(RebaseRequest.class)
          .begins(
              "Puts the first disk of a stopped VM on another image's base disk. What its guest wrote"
                  + " is carried over only where that is sound.");
  public static final Endpoint<MoveDiskRequest, OperationView> VM_MOVE_DISK =
      post("vm-move-disk", "/v1/vms/{vm}/move-disk", VMS_WRITE)
          .takes(MoveDiskRequest.class)
          .begins(
              "Lets a VM's disks stand on the same base disks in another cache of its host, while it"
                  + " runs or not.");
  public static final Endpoint<MoveDiskRequest, MoveDiskView> VM_MOVE_DISK_PLAN =
      post("vm-move-disk-plan", "/v1/vms/{vm}/move-disk/plan", VMS_READ)
          .takes(MoveDiskRequest.class)
          .answers(
              MoveDiskView.class,
              "What moving a VM's disks to another cache would copy. Nothing is changed.");
  public static final Endpoint<MoveFileRequest, OperationView> VM_MOVE_FILE =
      post("vm-move-file", "/v1/vms/{vm}/move-file", VMS_WRITE)
          .takes(MoveFileRequest.class)
          .begins(
              "Lets the files that a VM writes itself lie in another folder of its host, while it runs"
                  + " or not.");
  public static final Endpoint<MoveFileRequest, MoveFileView> VM_MOVE_FILE_PLAN =
      post("vm-move-file-plan", "/v1/vms/{vm}/move-file/plan", VMS_READ)
          .takes(MoveFileRequest.class)
          .answers(
              MoveFileView.class,
              "What moving a VM's own files to another folder would copy. Nothing is changed.");

  private LayerEndpoints() {}

  /** Every row. */
  static List<Endpoint<?, ?>> all() {
    return List.of(
        VM_CLONE,
        VM_IMAGE,
        VM_SNAPSHOTS,
        VM_SNAPSHOT,
        VM_REVERT,
        VM_SNAPSHOT_DELETE,
        VM_FLATTEN,
        VM_REBASE,
        VM_MOVE_DISK,
        VM_MOVE_DISK_PLAN,
        VM_MOVE_FILE,
        VM_MOVE_FILE_PLAN);
  }
}
