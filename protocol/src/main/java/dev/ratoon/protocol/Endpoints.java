package dev.ratoon.protocol;

import static dev.ratoon.protocol.Endpoint.Method.DELETE;
import static dev.ratoon.protocol.Endpoint.Method.GET;
import static dev.ratoon.protocol.Endpoint.Method.POST;
import static dev.ratoon.protocol.Endpoint.Method.PUT;

import dev.ratoon.protocol.Endpoint.Bytes;
import dev.ratoon.protocol.Endpoint.Events;
import dev.ratoon.protocol.Endpoint.NoBody;
import dev.ratoon.protocol.api.AdoptRequest;
import dev.ratoon.protocol.api.AdoptedView;
import dev.ratoon.protocol.api.BaseView;
import dev.ratoon.protocol.api.CachePlanView;
import dev.ratoon.protocol.api.CachePolicy;
import dev.ratoon.protocol.api.CachePolicyView;
import dev.ratoon.protocol.api.CloneRequest;
import dev.ratoon.protocol.api.DeployRequest;
import dev.ratoon.protocol.api.Health;
import dev.ratoon.protocol.api.HostChange;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.api.ImageFromVmRequest;
import dev.ratoon.protocol.api.ImageView;
import dev.ratoon.protocol.api.JoinTokenRequest;
import dev.ratoon.protocol.api.JoinTokenView;
import dev.ratoon.protocol.api.MigrateRequest;
import dev.ratoon.protocol.api.MigrationView;
import dev.ratoon.protocol.api.MoveDiskRequest;
import dev.ratoon.protocol.api.MoveDiskView;
import dev.ratoon.protocol.api.MoveFileRequest;
import dev.ratoon.protocol.api.MoveFileView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.PlacementView;
import dev.ratoon.protocol.api.PrecacheEnded;
import dev.ratoon.protocol.api.PrecacheRequest;
import dev.ratoon.protocol.api.QuotaView;
import dev.ratoon.protocol.api.RebaseRequest;
import dev.ratoon.protocol.api.RevertRequest;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.protocol.api.ShareFill;
import dev.ratoon.protocol.api.ShareRequest;
import dev.ratoon.protocol.api.ShareView;
import dev.ratoon.protocol.api.SnapshotRequest;
import dev.ratoon.protocol.api.SnapshotView;
import dev.ratoon.protocol.api.StopRequest;
import dev.ratoon.protocol.api.TakeOverRequest;
import dev.ratoon.protocol.api.TenantQuota;
import dev.ratoon.protocol.api.VerifyRequest;
import dev.ratoon.protocol.api.VmView;
import java.util.List;
import java.util.Map;

/**
 * The API, one row for each thing that can be asked: the one source of routes, permissions and the
 * OpenAPI document.
 */
public final class Endpoints {
  private static final Map<String, String> NO_QUERY = Map.of();
  private static final Map<String, String> ONE_CACHE =
      Map.of(
          "host", "Of this host's own cache alone, by name or id.",
          "share", "Of this share alone.");

  public static final Endpoint<NoBody, Health> HEALTH =
      one(
          "health",
          GET,
          "/v1/health",
          NO_QUERY,
          Permission.PUBLIC,
          NoBody.class,
          Health.class,
          200,
          "Whether the server works, and its version.");
  public static final Endpoint<NoBody, Bytes> OPENAPI =
      one(
          "openapi",
          GET,
          "/v1/openapi.json",
          NO_QUERY,
          Permission.PUBLIC,
          NoBody.class,
          Bytes.class,
          200,
          "This API as an OpenAPI document.");
  public static final Endpoint<NoBody, Bytes> METRICS =
      one(
          "metrics",
          GET,
          "/v1/metrics",
          NO_QUERY,
          Permission.METRICS_READ,
          NoBody.class,
          Bytes.class,
          200,
          "Metrics in the Prometheus text format.");

  public static final Endpoint<Bytes, OperationView> IMAGE_ADD =
      one(
          "image-add",
          POST,
          "/v1/images",
          Map.of(
              "image", "Name, or name:tag.",
              "file", "Name of the file, for messages.",
              "firmware", "bios or uefi: what its VMs start with unless they ask otherwise.",
              "memory", "Least memory of its VMs, in bytes.",
              "differencing", "false: its VMs get whole copies unless they ask otherwise."),
          Permission.IMAGES_WRITE,
          Bytes.class,
          OperationView.class,
          202,
          "Imports the disk image in the body: its content is read, verified and kept as a base"
              + " disk.");
  public static final Endpoint<NoBody, ImageView> IMAGE_LIST =
      list(
          "image-list",
          GET,
          "/v1/images",
          NO_QUERY,
          Permission.IMAGES_READ,
          ImageView.class,
          "All images.");
  public static final Endpoint<NoBody, ImageView> IMAGE_SHOW =
      one(
          "image-show",
          GET,
          "/v1/images/{image}",
          NO_QUERY,
          Permission.IMAGES_READ,
          NoBody.class,
          ImageView.class,
          200,
          "One image.");
  public static final Endpoint<NoBody, ImageView> IMAGE_DELETE =
      one(
          "image-delete",
          DELETE,
          "/v1/images/{image}",
          NO_QUERY,
          Permission.IMAGES_WRITE,
          NoBody.class,
          ImageView.class,
          200,
          "Removes the name. The base disk stays in the cache; refused while a VM uses it.");

  public static final Endpoint<DeployRequest, OperationView> VM_DEPLOY =
      new Endpoint<>(
          "vm-deploy",
          POST,
          "/v1/vms",
          NO_QUERY,
          Permission.VMS_WRITE,
          DeployRequest.class,
          OperationView.class,
          true,
          202,
          "Deploys VMs: one operation for each. An Idempotency-Key header makes it safe to"
              + " repeat.");
  public static final Endpoint<DeployRequest, PlacementView> PLACE =
      one(
          "place",
          POST,
          "/v1/placements",
          NO_QUERY,
          Permission.VMS_WRITE,
          DeployRequest.class,
          PlacementView.class,
          200,
          "Where VMs would go that are deployed with this request: hosts and clusters, the best"
              + " first, and why others are refused. Nothing is deployed.");
  public static final Endpoint<NoBody, VmView> VM_LIST =
      list(
          "vm-list",
          GET,
          "/v1/vms",
          Pages.query(Map.of("trashed", "true: those in the trash instead.")),
          Permission.VMS_READ,
          VmView.class,
          "All VMs, by name. " + Pages.HELP);
  public static final Endpoint<NoBody, VmView> VM_SHOW =
      one(
          "vm-show",
          GET,
          "/v1/vms/{vm}",
          NO_QUERY,
          Permission.VMS_READ,
          NoBody.class,
          VmView.class,
          200,
          "One VM, by name or id.");
  public static final Endpoint<NoBody, OperationView> VM_START =
      one(
          "vm-start",
          POST,
          "/v1/vms/{vm}/start",
          NO_QUERY,
          Permission.VMS_WRITE,
          NoBody.class,
          OperationView.class,
          202,
          "Starts a stopped, failed or paused VM.");
  public static final Endpoint<StopRequest, OperationView> VM_STOP =
      one(
          "vm-stop",
          POST,
          "/v1/vms/{vm}/stop",
          NO_QUERY,
          Permission.VMS_WRITE,
          StopRequest.class,
          OperationView.class,
          202,
          "Asks the guest to shut down, and switches it off when it does not.");
  public static final Endpoint<MigrateRequest, OperationView> VM_MIGRATE =
      one(
          "vm-migrate",
          POST,
          "/v1/vms/{vm}/migration",
          NO_QUERY,
          Permission.VMS_WRITE,
          MigrateRequest.class,
          OperationView.class,
          202,
          "Moves a VM to another host; only its own disks move where its base disks are.");
  public static final Endpoint<MigrateRequest, MigrationView> VM_MIGRATE_PLAN =
      one(
          "vm-migrate-plan",
          POST,
          "/v1/vms/{vm}/migration/plan",
          NO_QUERY,
          Permission.VMS_READ,
          MigrateRequest.class,
          MigrationView.class,
          200,
          "Where a VM would go, and what would move. Nothing is changed.");
  public static final Endpoint<NoBody, OperationView> VM_MIGRATE_CANCEL =
      one(
          "vm-migrate-cancel",
          DELETE,
          "/v1/vms/{vm}/migration",
          NO_QUERY,
          Permission.VMS_WRITE,
          NoBody.class,
          OperationView.class,
          202,
          "Ends the migration of a VM, which stays where it is, unless it has just arrived.");
  public static final Endpoint<NoBody, OperationView> VM_DELETE =
      one(
          "vm-delete",
          DELETE,
          "/v1/vms/{vm}",
          NO_QUERY,
          Permission.VMS_WRITE,
          NoBody.class,
          OperationView.class,
          202,
          "Stops a VM and puts its disks into the trash.");
  public static final Endpoint<NoBody, OperationView> VM_UNDELETE =
      one(
          "vm-undelete",
          POST,
          "/v1/vms/{vm}/undelete",
          NO_QUERY,
          Permission.VMS_WRITE,
          NoBody.class,
          OperationView.class,
          202,
          "Brings a VM back from the trash, stopped.");
  public static final Endpoint<NoBody, OperationView> VM_PURGE =
      one(
          "vm-purge",
          POST,
          "/v1/vms/{vm}/purge",
          NO_QUERY,
          Permission.VMS_WRITE,
          NoBody.class,
          OperationView.class,
          202,
          "Removes a VM of the trash for good, with its disks.");
  public static final Endpoint<NoBody, OperationView> TRASH_EMPTY =
      new Endpoint<>(
          "trash-empty",
          POST,
          "/v1/trash/empty",
          Map.of("olderThanHours", "Only what was deleted so long ago; all unless told."),
          Permission.VMS_WRITE,
          NoBody.class,
          OperationView.class,
          true,
          202,
          "Removes what is in the trash for good: one operation for each VM.");
  public static final Endpoint<NoBody, Bytes> VM_CONSOLE =
      one(
          "vm-console",
          GET,
          "/v1/vms/{vm}/console",
          Map.of(
              "offset", "Byte to begin at; negative counts from the end.",
              "wait", "Seconds to wait for something new, at most 30."),
          Permission.VMS_READ,
          NoBody.class,
          Bytes.class,
          200,
          "What the guest wrote to its serial console. Header Ratoon-Next-Offset says where to go"
              + " on.");
  public static final Endpoint<NoBody, Bytes> VM_EXPORT =
      one(
          "vm-export",
          GET,
          "/v1/vms/{vm}/disks/{disk}",
          Map.of(
              "part", "whole (unless told), base or overlay.",
              "packed", "false: nothing is packed, for a network that is faster than zstd."),
          Permission.VMS_READ,
          NoBody.class,
          Bytes.class,
          200,
          "The content of a disk, counted from 0, of a VM that does not run; as"
              + " docs/formats/disk-stream.md says. A stream without its end is worthless.");

  public static final Endpoint<CloneRequest, OperationView> VM_CLONE =
      one(
          "vm-clone",
          POST,
          "/v1/vms/{vm}/clones",
          NO_QUERY,
          Permission.VMS_WRITE,
          CloneRequest.class,
          OperationView.class,
          202,
          "Makes VMs of this one as it is now. Its disks become base disks; it and its clones go on"
              + " in new files on them. The result names the clones, each of which has a deploy of"
              + " its own.");
  public static final Endpoint<ImageFromVmRequest, OperationView> VM_IMAGE =
      one(
          "vm-image",
          POST,
          "/v1/vms/{vm}/image",
          NO_QUERY,
          Permission.IMAGES_WRITE,
          ImageFromVmRequest.class,
          OperationView.class,
          202,
          "Makes an image of a disk of a VM as it is now: a difference to the image it came from.");
  public static final Endpoint<NoBody, SnapshotView> VM_SNAPSHOTS =
      list(
          "vm-snapshots",
          GET,
          "/v1/vms/{vm}/snapshots",
          NO_QUERY,
          Permission.VMS_READ,
          SnapshotView.class,
          "The states of a VM's disks that are remembered, the oldest first.");
  public static final Endpoint<SnapshotRequest, OperationView> VM_SNAPSHOT =
      one(
          "vm-snapshot",
          POST,
          "/v1/vms/{vm}/snapshots",
          NO_QUERY,
          Permission.VMS_WRITE,
          SnapshotRequest.class,
          OperationView.class,
          202,
          "Remembers the state of all disks of a VM: what a power loss would leave, or better where"
              + " the guest has an agent.");
  public static final Endpoint<RevertRequest, OperationView> VM_REVERT =
      one(
          "vm-revert",
          POST,
          "/v1/vms/{vm}/snapshots/{snapshot}/revert",
          NO_QUERY,
          Permission.VMS_WRITE,
          RevertRequest.class,
          OperationView.class,
          202,
          "Lets all disks of a stopped VM be what they were. What was written since is gone.");
  public static final Endpoint<NoBody, SnapshotView> VM_SNAPSHOT_DELETE =
      one(
          "vm-snapshot-delete",
          DELETE,
          "/v1/vms/{vm}/snapshots/{snapshot}",
          NO_QUERY,
          Permission.VMS_WRITE,
          NoBody.class,
          SnapshotView.class,
          200,
          "Forgets a state. The base disks stay in the caches.");
  public static final Endpoint<NoBody, OperationView> VM_FLATTEN =
      one(
          "vm-flatten",
          POST,
          "/v1/vms/{vm}/flatten",
          NO_QUERY,
          Permission.VMS_WRITE,
          NoBody.class,
          OperationView.class,
          202,
          "Lets a VM's disks stand alone: copies what they need of their bases, while it runs or"
              + " not.");
  public static final Endpoint<RebaseRequest, OperationView> VM_REBASE =
      one(
          "vm-rebase",
          POST,
          "/v1/vms/{vm}/rebase",
          NO_QUERY,
          Permission.VMS_WRITE,
          RebaseRequest.class,
          OperationView.class,
          202,
          "Puts the first disk of a stopped VM on another image's base disk. What its guest wrote"
              + " is carried over only where that is sound.");
  public static final Endpoint<MoveDiskRequest, OperationView> VM_MOVE_DISK =
      one(
          "vm-move-disk",
          POST,
          "/v1/vms/{vm}/move-disk",
          NO_QUERY,
          Permission.VMS_WRITE,
          MoveDiskRequest.class,
          OperationView.class,
          202,
          "Lets a VM's disks stand on the same base disks in another cache of its host, while it"
              + " runs or not.");
  public static final Endpoint<MoveDiskRequest, MoveDiskView> VM_MOVE_DISK_PLAN =
      one(
          "vm-move-disk-plan",
          POST,
          "/v1/vms/{vm}/move-disk/plan",
          NO_QUERY,
          Permission.VMS_READ,
          MoveDiskRequest.class,
          MoveDiskView.class,
          200,
          "What moving a VM's disks to another cache would copy. Nothing is changed.");
  public static final Endpoint<MoveFileRequest, OperationView> VM_MOVE_FILE =
      one(
          "vm-move-file",
          POST,
          "/v1/vms/{vm}/move-file",
          NO_QUERY,
          Permission.VMS_WRITE,
          MoveFileRequest.class,
          OperationView.class,
          202,
          "Lets the files that a VM writes itself lie in another folder of its host, while it runs"
              + " or not.");
  public static final Endpoint<MoveFileRequest, MoveFileView> VM_MOVE_FILE_PLAN =
      one(
          "vm-move-file-plan",
          POST,
          "/v1/vms/{vm}/move-file/plan",
          NO_QUERY,
          Permission.VMS_READ,
          MoveFileRequest.class,
          MoveFileView.class,
          200,
          "What moving a VM's own files to another folder would copy. Nothing is changed.");

  public static final Endpoint<NoBody, BaseView> BASE_LIST =
      list(
          "base-list",
          GET,
          "/v1/bases",
          NO_QUERY,
          Permission.BASES_READ,
          BaseView.class,
          "All base disks, and who stands on each.");
  public static final Endpoint<PrecacheRequest, OperationView> BASE_PRECACHE =
      new Endpoint<>(
          "base-precache",
          POST,
          "/v1/images/{image}/precache",
          NO_QUERY,
          Permission.BASES_WRITE,
          PrecacheRequest.class,
          OperationView.class,
          true,
          202,
          "Brings an image's base disk to hosts beforehand: one operation for each. Asking twice joins.");
  public static final Endpoint<PrecacheRequest, PrecacheEnded> BASE_PRECACHE_END =
      one(
          "base-precache-end",
          POST,
          "/v1/images/{image}/precache/end",
          NO_QUERY,
          Permission.BASES_WRITE,
          PrecacheRequest.class,
          PrecacheEnded.class,
          200,
          "Wants an image's base disk on hosts no longer. Nothing is removed; policies may take it from then on.");
  public static final Endpoint<VerifyRequest, OperationView> BASE_VERIFY =
      new Endpoint<>(
          "base-verify",
          POST,
          "/v1/bases/verify",
          NO_QUERY,
          Permission.BASES_WRITE,
          VerifyRequest.class,
          OperationView.class,
          true,
          202,
          "Has base disks read again in full where they lie, and damaged ones mended: one operation for each base on each host.");
  public static final Endpoint<NoBody, HostView> HOST_LIST =
      list(
          "host-list",
          GET,
          "/v1/hosts",
          Pages.query(),
          Permission.HOSTS_READ,
          HostView.class,
          "All hosts, by name. " + Pages.HELP);
  public static final Endpoint<NoBody, HostView> HOST_SHOW =
      one(
          "host-show",
          GET,
          "/v1/hosts/{host}",
          NO_QUERY,
          Permission.HOSTS_READ,
          NoBody.class,
          HostView.class,
          200,
          "One host, by name or id.");

  public static final Endpoint<HostChange, HostView> HOST_CHANGE =
      one(
          "host-change",
          POST,
          "/v1/hosts/{host}",
          NO_QUERY,
          Permission.HOSTS_WRITE,
          HostChange.class,
          HostView.class,
          200,
          "Says something else of a host: its cluster, tags, maintenance. What is absent stays.");
  public static final Endpoint<NoBody, HostView> HOST_REMOVE =
      one(
          "host-remove",
          DELETE,
          "/v1/hosts/{host}",
          Map.of("lost", "true: the host will not come back; its VMs are given up."),
          Permission.HOSTS_WRITE,
          NoBody.class,
          HostView.class,
          200,
          "Removes a host from the fleet: it is not let in any more. Refused while it has VMs.");
  public static final Endpoint<NoBody, HostView> HOST_FOLLOW =
      one(
          "host-follow",
          POST,
          "/v1/hosts/{host}/follow",
          NO_QUERY,
          Permission.HOSTS_WRITE,
          NoBody.class,
          HostView.class,
          200,
          "Lets a host whose history this database does not know follow it from now on.");
  public static final Endpoint<AdoptRequest, OperationView> HOST_ADOPT =
      one(
          "host-adopt",
          POST,
          "/v1/hosts/{host}/adopted",
          NO_QUERY,
          Permission.HOSTS_WRITE,
          AdoptRequest.class,
          OperationView.class,
          202,
          "Looks for disks that already lie on a host, and uses them where they lie.");
  public static final Endpoint<NoBody, AdoptedView> HOST_ADOPTED =
      one(
          "host-adopted",
          GET,
          "/v1/hosts/{host}/adopted",
          NO_QUERY,
          Permission.HOSTS_READ,
          NoBody.class,
          AdoptedView.class,
          200,
          "The disks that a host has adopted, and the libvirt domains that stand on them.");
  public static final Endpoint<NoBody, OperationView> HOST_UNADOPT =
      one(
          "host-unadopt",
          DELETE,
          "/v1/hosts/{host}/adopted",
          Map.of("path", "The path that was adopted."),
          Permission.HOSTS_WRITE,
          NoBody.class,
          OperationView.class,
          202,
          "Gives adopted disks back as they were found. Refused while VMs stand on them.");
  public static final Endpoint<TakeOverRequest, OperationView> VM_ADOPT =
      one(
          "vm-adopt",
          POST,
          "/v1/hosts/{host}/domains/{domain}/adopt",
          NO_QUERY,
          Permission.HOSTS_WRITE,
          TakeOverRequest.class,
          OperationView.class,
          202,
          "Makes a VM of a libvirt domain whose disks stand on adopted ones; it runs on"
              + " meanwhile.");
  public static final Endpoint<JoinTokenRequest, JoinTokenView> JOIN_TOKEN =
      one(
          "join-token",
          POST,
          "/v1/join-tokens",
          NO_QUERY,
          Permission.HOSTS_WRITE,
          JoinTokenRequest.class,
          JoinTokenView.class,
          200,
          "A token with which one host may join the fleet.");
  public static final Endpoint<ShareRequest, ShareView> SHARE_ADD =
      one(
          "share-add",
          POST,
          "/v1/shares",
          NO_QUERY,
          Permission.HOSTS_WRITE,
          ShareRequest.class,
          ShareView.class,
          200,
          "Lets hosts share a cache: a folder that all have mounted, or an SMB share.");
  public static final Endpoint<NoBody, ShareView> SHARE_LIST =
      list(
          "share-list",
          GET,
          "/v1/shares",
          NO_QUERY,
          Permission.HOSTS_READ,
          ShareView.class,
          "All shared caches, how their hosts find them and what is there.");
  public static final Endpoint<NoBody, ShareView> SHARE_SHOW =
      one(
          "share-show",
          GET,
          "/v1/shares/{share}",
          NO_QUERY,
          Permission.HOSTS_READ,
          NoBody.class,
          ShareView.class,
          200,
          "One shared cache.");
  public static final Endpoint<NoBody, ShareView> SHARE_REMOVE =
      one(
          "share-remove",
          DELETE,
          "/v1/shares/{share}",
          NO_QUERY,
          Permission.HOSTS_WRITE,
          NoBody.class,
          ShareView.class,
          200,
          "Lets hosts use a shared cache no more; its files stay. Refused while VMs stand on it.");
  public static final Endpoint<ShareFill, ShareView> SHARE_FILL =
      one(
          "share-fill",
          POST,
          "/v1/shares/{share}/bases",
          NO_QUERY,
          Permission.HOSTS_WRITE,
          ShareFill.class,
          ShareView.class,
          200,
          "Wants an image's base disk on a shared cache; a host that has it puts it there.");
  public static final Endpoint<NoBody, ShareView> SHARE_FILL_END =
      one(
          "share-fill-end",
          DELETE,
          "/v1/shares/{share}/bases/{image}",
          NO_QUERY,
          Permission.HOSTS_WRITE,
          NoBody.class,
          ShareView.class,
          200,
          "Wants an image's base disk on a shared cache no longer. Nothing is removed; policies may take it from then on.");
  public static final Endpoint<NoBody, CachePolicyView> CACHE_POLICIES =
      list(
          "cache-policies",
          GET,
          "/v1/cache-policies",
          NO_QUERY,
          Permission.HOSTS_READ,
          CachePolicyView.class,
          "The policies by which unused base disks leave caches; none unless an operator set one.");
  public static final Endpoint<CachePolicy, CachePolicyView> CACHE_POLICY_SET =
      one(
          "cache-policy-set",
          PUT,
          "/v1/cache-policies",
          ONE_CACHE,
          Permission.HOSTS_WRITE,
          CachePolicy.class,
          CachePolicyView.class,
          200,
          "Sets the policy of the whole fleet, or of one cache in place of the fleet's.");
  public static final Endpoint<NoBody, CachePolicyView> CACHE_POLICY_CLEAR =
      one(
          "cache-policy-clear",
          DELETE,
          "/v1/cache-policies",
          ONE_CACHE,
          Permission.HOSTS_WRITE,
          NoBody.class,
          CachePolicyView.class,
          200,
          "Removes the policy of the whole fleet, or of one cache.");
  public static final Endpoint<NoBody, CachePlanView> CACHE_PLAN =
      list(
          "cache-plan",
          GET,
          "/v1/cache-plan",
          ONE_CACHE,
          Permission.HOSTS_READ,
          CachePlanView.class,
          "What would leave each cache now, and why the rest would not. Nothing is done.");
  public static final Endpoint<NoBody, OperationView> CACHE_CLEAN =
      new Endpoint<>(
          "cache-clean",
          POST,
          "/v1/cache-plan",
          ONE_CACHE,
          Permission.HOSTS_WRITE,
          NoBody.class,
          OperationView.class,
          true,
          202,
          "Does what the plan shows: one operation for each base disk that leaves a cache. Each"
              + " host looks again before it removes anything.");
  public static final Endpoint<NoBody, OperationView> OPERATION_LIST =
      list(
          "operation-list",
          GET,
          "/v1/operations",
          Map.of(
              "limit",
              "How many of the newest, at most 1000; 50 unless told.",
              "vm",
              "Only those of this VM."),
          Permission.OPERATIONS_READ,
          OperationView.class,
          "Operations, newest first.");
  public static final Endpoint<NoBody, OperationView> OPERATION_SHOW =
      one(
          "operation-show",
          GET,
          "/v1/operations/{operation}",
          Map.of("wait", "Seconds to wait for its end, at most 30."),
          Permission.OPERATIONS_READ,
          NoBody.class,
          OperationView.class,
          200,
          "One operation with its steps.");
  public static final Endpoint<NoBody, Events> EVENTS =
      one(
          "events",
          GET,
          "/v1/events",
          Map.of("operation", "Only those of this operation."),
          Permission.OPERATIONS_READ,
          NoBody.class,
          Events.class,
          200,
          "Server-sent events: each 'operation' event carries an operation as it has become, and"
              + " each 'low-space' event a host that has begun to run low on disk or has room again,"
              + " for tokens that may read hosts.");

  public static final Endpoint<NoBody, Settings> SETTINGS_SHOW =
      one(
          "settings-show",
          GET,
          "/v1/settings",
          NO_QUERY,
          Permission.SETTINGS_READ,
          NoBody.class,
          Settings.class,
          200,
          "The settings.");
  public static final Endpoint<Settings, Settings> SETTINGS_CHANGE =
      one(
          "settings-change",
          PUT,
          "/v1/settings",
          NO_QUERY,
          Permission.SETTINGS_WRITE,
          Settings.class,
          Settings.class,
          200,
          "Replaces the settings.");

  public static final Endpoint<NoBody, QuotaView> QUOTA_SHOW =
      one(
          "quota-show",
          GET,
          "/v1/quota",
          NO_QUERY,
          Permission.SETTINGS_READ,
          NoBody.class,
          QuotaView.class,
          200,
          "What the tenant may have, and has.");
  public static final Endpoint<TenantQuota, QuotaView> QUOTA_CHANGE =
      one(
          "quota-change",
          PUT,
          "/v1/quota",
          NO_QUERY,
          Permission.SETTINGS_WRITE,
          TenantQuota.class,
          QuotaView.class,
          200,
          "Replaces the most that the tenant may have. What it has already stays.");

  private Endpoints() {}

  /** Every row. */
  public static List<Endpoint<?, ?>> all() {
    return List.of(
        HEALTH,
        OPENAPI,
        METRICS,
        IMAGE_ADD,
        IMAGE_LIST,
        IMAGE_SHOW,
        IMAGE_DELETE,
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
        VM_EXPORT,
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
        VM_MOVE_FILE_PLAN,
        BASE_LIST,
        BASE_PRECACHE,
        BASE_PRECACHE_END,
        BASE_VERIFY,
        HOST_LIST,
        HOST_SHOW,
        HOST_CHANGE,
        HOST_REMOVE,
        HOST_FOLLOW,
        HOST_ADOPT,
        HOST_ADOPTED,
        HOST_UNADOPT,
        VM_ADOPT,
        JOIN_TOKEN,
        SHARE_ADD,
        SHARE_LIST,
        SHARE_SHOW,
        SHARE_REMOVE,
        SHARE_FILL,
        SHARE_FILL_END,
        CACHE_POLICIES,
        CACHE_POLICY_SET,
        CACHE_POLICY_CLEAR,
        CACHE_PLAN,
        CACHE_CLEAN,
        OPERATION_LIST,
        OPERATION_SHOW,
        EVENTS,
        SETTINGS_SHOW,
        SETTINGS_CHANGE,
        QUOTA_SHOW,
        QUOTA_CHANGE);
  }

  private static <Q, R> Endpoint<Q, R> one(
      String id,
      Endpoint.Method method,
      String path,
      Map<String, String> query,
      Permission permission,
      Class<Q> request,
      Class<R> response,
      int status,
      String help) {
    return new Endpoint<>(
        id, method, path, query, permission, request, response, false, status, help);
  }

  private static <R> Endpoint<NoBody, R> list(
      String id,
      Endpoint.Method method,
      String path,
      Map<String, String> query,
      Permission permission,
      Class<R> response,
      String help) {
    return new Endpoint<>(
        id, method, path, query, permission, NoBody.class, response, true, 200, help);
  }
}
