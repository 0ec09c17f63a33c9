package dev.ratoon.cli;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.HostId;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.Layout;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.OperationId;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.OperationStep;
import dev.ratoon.model.Problem;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.model.ShareKind;
import dev.ratoon.model.ShareState;
import dev.ratoon.model.StepState;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.AdoptedDisk;
import dev.ratoon.protocol.agent.FileSystemFacts;
import dev.ratoon.protocol.agent.Findings;
import dev.ratoon.protocol.agent.ForeignDomain;
import dev.ratoon.protocol.agent.TransferReport;
import dev.ratoon.protocol.api.AdoptedView;
import dev.ratoon.protocol.api.AdoptedView.PathView;
import dev.ratoon.protocol.api.BaseView;
import dev.ratoon.protocol.api.CachePlanView;
import dev.ratoon.protocol.api.CachePolicy;
import dev.ratoon.protocol.api.CachePolicyView;
import dev.ratoon.protocol.api.DiskView;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.api.ImageView;
import dev.ratoon.protocol.api.MoveDiskView;
import dev.ratoon.protocol.api.MoveFileView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.PlacedView;
import dev.ratoon.protocol.api.PlacementView;
import dev.ratoon.protocol.api.ShareView;
import dev.ratoon.protocol.api.VmView;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Things for the fake server to show, as seen at {@link #NOW}. */
final class Samples {
  static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  static final ImageRef IMAGE = ImageRef.parse("debian:12");
  private static final DiskId DISK = new DiskId("3f".repeat(32));
  private static final EntityName HOST = new EntityName("host-1");

  private Samples() {}

  static List<CachePolicyView> policies() {
    return List.of(
        new CachePolicyView(
            Optional.empty(),
            Optional.empty(),
            new CachePolicy(
                Optional.of(30), Optional.empty(), Optional.empty(), Optional.empty(), List.of())),
        new CachePolicyView(
            Optional.of("host-1"),
            Optional.empty(),
            new CachePolicy(
                Optional.of(7),
                Optional.of(50),
                Optional.of(100L << 30),
                Optional.of(2),
                List.of(IMAGE))));
  }

  static CachePlanView plan() {
    return new CachePlanView(
        "host-1",
        false,
        Optional.of(policies().getFirst().policy()),
        Optional.empty(),
        900L << 20,
        100L << 30,
        60L << 30,
        300L << 20,
        List.of(
            new CachePlanView.Base(
                new DiskId("ab".repeat(32)),
                List.of(),
                300L << 20,
                NOW.minus(Duration.ofDays(80)),
                true,
                List.of("unused for 80 days")),
            new CachePlanView.Base(
                DISK,
                List.of(IMAGE),
                600L << 20,
                NOW.minus(Duration.ofHours(1)),
                false,
                List.of("VM web-1 stands on it", "it was used within 30 days"))));
  }

  static VmView vm(int number, String name, VmState state) {
    boolean running = state == VmState.RUNNING;
    return new VmView(
        vmId(number),
        new EntityName(name),
        state,
        running ? "running" : "stopped",
        Optional.of(HOST),
        2,
        1L << 30,
        Firmware.BIOS,
        RestartPolicy.ON_FAILURE,
        List.of(
            new DiskView(
                Optional.of(IMAGE),
                Optional.of(DISK),
                true,
                2L << 30,
                200_704,
                0,
                Optional.of("/data/vms/" + name + "/disk-0.qcow2"),
                Optional.of("/data/cache/3f3f.raw"),
                Optional.empty())),
        List.of(new VmView.NetworkView(new NetworkAttachment.User(), "52:54:00:00:00:01")),
        Optional.empty(),
        running ? Optional.of(22_000 + number) : Optional.empty(),
        state == VmState.FAILED
            ? Optional.of(
                Problem.of(ErrorCode.DOMAIN_LOST, "running '" + name + "'")
                    .detail("QEMU ended.")
                    .next("Start it again."))
            : Optional.empty(),
        NOW.minusSeconds(7300),
        running ? Optional.of(NOW.minusSeconds(7200)) : Optional.empty(),
        running ? Optional.of(312L) : Optional.empty(),
        running ? Optional.of(2450L) : Optional.empty(),
        0,
        Optional.empty(),
        running
            ? Optional.of(
                new PlacedView(
                    4.5,
                    0.8,
                    0,
                    List.of(
                        "has the base disk",
                        "others start before it: 0.4 s",
                        "memory 41 %, processors 50 %, disk 12 % taken then")))
            : Optional.empty(),
        number == 1 ? Optional.of(new EntityName("web")) : Optional.empty());
  }

  /** Where VMs would go; nowhere if so many are asked for that there is no room. */
  static PlacementView placement(int count) {
    List<PlacementView.Target> hosts =
        List.of(
            target(1, 4.5, 0.8, 0, Math.min(count, 3)),
            target(2, 3, 9.6, 1L << 30, Math.max(0, count - 3)));
    List<PlacementView.Cluster> clusters =
        List.of(
            new PlacementView.Cluster(new EntityName("west"), 3, 10.4, 1L << 30, 2, count),
            new PlacementView.Cluster(new EntityName("east"), 0, 0, 0, 1, 1));
    List<PlacementView.Refusal> refused =
        List.of(
            new PlacementView.Refusal(
                new EntityName("host-3"),
                List.of("is under maintenance", "has no bridge 'br0' (it has: none)")));
    return count > 20
        ? new PlacementView(
            count,
            List.of(),
            List.of(),
            refused,
            0,
            Optional.of(
                Problem.of(ErrorCode.NO_HOST_FITS, "placing " + count + " VMs")
                    .detail("There is room for 20 of the VMs only.")
                    .next("'ratoon host list' shows what each host has left.")))
        : new PlacementView(count, hosts, clusters, refused, 2, Optional.empty());
  }

  private static PlacementView.Target target(
      int number, double stars, double seconds, long bytesToMove, int chosen) {
    boolean there = bytesToMove == 0;
    return new PlacementView.Target(
        new HostId(new UUID(0, number)),
        new EntityName("host-" + number),
        Optional.of(new EntityName("west")),
        stars,
        seconds,
        new PlacementView.Seconds(0.4, there ? 0.4 : 0, there ? 0 : 9.2, 0),
        seconds + 1,
        bytesToMove,
        17,
        chosen,
        List.of(
            new PlacementView.Disk(
                0,
                Optional.of(IMAGE),
                Optional.of(DISK),
                true,
                there ? Optional.of("/data/cache/3f3f.flat.raw") : Optional.empty(),
                there,
                there ? List.of() : List.of("/data/cache", "/mnt/vmCache"))),
        List.of(
            there ? "has the base disk" : "1.0 GiB of the base disk have to come: 9.2 s",
            "memory 41 %, processors 50 %, disk 12 % taken then"));
  }

  static VmId vmId(int number) {
    return new VmId(new UUID(0, number));
  }

  static ImageView image() {
    return new ImageView(
        IMAGE,
        DISK,
        2L << 30,
        614_465_536,
        "qcow2",
        Firmware.BIOS,
        512L << 20,
        true,
        NOW.minusSeconds(86_400 * 3),
        List.of("web-1", "web-2"));
  }

  static BaseView base() {
    return new BaseView(
        DISK,
        2L << 30,
        List.of(
            new BaseView.ReplicaView(
                HOST,
                Layout.FLAT,
                ReplicaState.READY,
                "/data/cache/3f3f.raw",
                614_465_536,
                100,
                Optional.of(NOW.minusSeconds(86_400 * 4)),
                "",
                List.of(HOST)),
            new BaseView.ReplicaView(
                HOST,
                Layout.FLAT,
                ReplicaState.READY,
                "/mnt/vmCache/3f3f.raw",
                614_465_536,
                100,
                Optional.empty(),
                "vm-cache",
                List.of(HOST, new EntityName("host-2")))),
        List.of(IMAGE),
        List.of(
            new BaseView.ChildView(
                new EntityName("web-1"), "/data/a", 5_300_000, false, Optional.empty()),
            new BaseView.ChildView(
                new EntityName("worker-10"),
                "/data/b",
                200_704,
                true,
                Optional.of("the base was damaged"))));
  }

  static ShareView share() {
    Problem hangs =
        Problem.of(ErrorCode.SHARE_UNAVAILABLE, "looking at the share vm-cache")
            .detail("The share 'vm-cache' has not answered for 5 s.")
            .next("Look at its file server and the network; it is used again when it answers.");
    return new ShareView(
        new EntityName("vm-cache"),
        ShareKind.MOUNTED,
        "/mnt/vmCache",
        Optional.empty(),
        Optional.empty(),
        List.of(
            new ShareView.HostOfShare(
                HOST, ShareState.READY, Optional.empty(), 70L << 30, List.of()),
            new ShareView.HostOfShare(
                new EntityName("host-2"),
                ShareState.STALLED,
                Optional.of(hangs),
                70L << 30,
                List.of(new EntityName("web-1"), new EntityName("web-2")))),
        List.of(
            new ShareView.BaseOnShare(
                DISK,
                List.of(IMAGE),
                ReplicaState.READY,
                2L << 30,
                614_465_536,
                100,
                Optional.empty()),
            new ShareView.BaseOnShare(
                new DiskId("4e".repeat(32)),
                List.of(),
                ReplicaState.ARRIVING,
                0,
                0,
                37,
                Optional.empty())));
  }

  static HostView host() {
    return new HostView(
        new HostId(new UUID(7, 7)),
        HOST,
        true,
        NOW.minusSeconds(2),
        8,
        16L << 30,
        3L << 30,
        100L << 30,
        60L << 30,
        "tcg",
        "QEMU 7.2, libvirt 9.0",
        List.of("default"),
        List.of("br0"),
        true,
        2,
        1,
        Optional.empty(),
        List.of(),
        Optional.empty(),
        List.of(),
        false,
        List.of(
            new FileSystemFacts(
                "/", "ext4", List.of("cache", "vms"), 100L << 30, 60L << 30, true, false, true)),
        Optional.of(
            new TransferReport(
                "run",
                3L << 30,
                1L << 30,
                List.of(
                    new TransferReport.PeerTraffic(
                        new HostId(new UUID(8, 8)),
                        3L << 30,
                        3L << 30,
                        0,
                        1L << 30,
                        1L << 30,
                        0,
                        118_000_000)),
                new TransferReport.Arrived(1, 2L << 30, 3L << 30, 0))),
        Optional.of(
            new Findings(
                12,
                Optional.of("run"),
                List.of(
                    new Findings.Stray(
                        new VmId(new UUID(9, 9)),
                        1,
                        true,
                        false,
                        List.of(
                            new Findings.Overlay(
                                "/var/lib/ratoon/vms/9/disk-0.qcow2",
                                Optional.of("/var/lib/ratoon/cache/ab.flat.raw"),
                                1 << 20)))),
                List.of(
                    new Findings.BlockJob(
                        new VmId(new UUID(9, 9)),
                        "/var/lib/ratoon/vms/9/disk-0.qcow2",
                        "pull",
                        1,
                        4)),
                List.of(
                    new Findings.Leftover(
                        "/var/lib/ratoon/vms/old", 5 << 20, "It is not the folder of a VM.")),
                1)),
        Optional.of(100L << 20),
        Optional.of("x86_64"),
        Optional.of(2),
        false);
  }

  static OperationView operation(
      int number, OperationKind kind, String subject, OperationState state) {
    boolean ended = state.ended();
    StepState step = ended ? StepState.DONE : StepState.RUNNING;
    Optional<Instant> end = ended ? Optional.of(NOW.minusSeconds(58)) : Optional.empty();
    return new OperationView(
        new OperationId(new UUID(1, number)),
        kind,
        subject,
        isAboutVm(kind) ? Optional.of(vmId(number)) : Optional.empty(),
        state,
        List.of(
            new OperationStep(
                "overlay", step, Optional.of(NOW.minusSeconds(60)), end, 50 << 20, 100 << 20)),
        state == OperationState.FAILED
            ? Optional.of(
                Problem.of(ErrorCode.DISK_FULL, "deploying '" + subject + "'")
                    .detail("host-1 has 3.0 MiB left.")
                    .next("Delete a VM, or empty the trash."))
            : Optional.empty(),
        kind == OperationKind.VERIFY && ended ? Optional.of("sound") : Optional.empty(),
        NOW.minusSeconds(60),
        end,
        isAboutBase(kind) ? Optional.of(DISK) : Optional.empty(),
        isAboutBase(kind) ? Optional.of(host().id()) : Optional.empty());
  }

  private static boolean isAboutVm(OperationKind kind) {
    return switch (kind) {
      case DEPLOY,
          START,
          STOP,
          DELETE,
          UNDELETE,
          PURGE,
          TAKE_OVER,
          MIGRATE,
          CLONE,
          CREATE_IMAGE,
          SNAPSHOT,
          REVERT,
          FLATTEN,
          REBASE,
          MOVE_DISK ->
          true;
      case IMPORT, PRECACHE, VERIFY, SCRUB, EVICT, ADOPT, UNADOPT -> false;
    };
  }

  private static boolean isAboutBase(OperationKind kind) {
    return switch (kind) {
      case PRECACHE, VERIFY, SCRUB, EVICT -> true;
      case IMPORT,
          DEPLOY,
          START,
          STOP,
          DELETE,
          UNDELETE,
          PURGE,
          ADOPT,
          UNADOPT,
          TAKE_OVER,
          MIGRATE,
          CLONE,
          CREATE_IMAGE,
          SNAPSHOT,
          REVERT,
          FLATTEN,
          REBASE,
          MOVE_DISK ->
          false;
    };
  }

  static AdoptedView adopted() {
    String root = "/srv/golden";
    AdoptedDisk base =
        new AdoptedDisk(
            root + "/debian.qcow2",
            "qcow2",
            List.of(),
            2L << 30,
            400L << 20,
            Optional.of(DISK),
            AdoptedDisk.State.PARENT,
            "",
            List.of("web"));
    AdoptedDisk overlay =
        new AdoptedDisk(
            root + "/web.qcow2",
            "qcow2",
            List.of(root + "/debian.qcow2"),
            2L << 30,
            60L << 20,
            Optional.empty(),
            AdoptedDisk.State.IN_USE,
            "It is the disk of the libvirt domain 'web'.",
            List.of("web"));
    ForeignDomain domain =
        new ForeignDomain(
            vmId(9),
            "web",
            true,
            2,
            1L << 30,
            List.of(),
            List.of(),
            List.of("It has a TPM, whose secrets libvirt would forget with the domain."),
            List.of("the medium in its cdrom"),
            Optional.empty());
    return new AdoptedView(
        HOST, List.of(new PathView(root, true, true, List.of(base, overlay))), List.of(domain));
  }

  static MoveFileView moveFile() {
    return new MoveFileView(
        new EntityName("web-1"),
        new EntityName("host-1"),
        "/srv/fast",
        true,
        List.of(
            new MoveFileView.Disk(0, Optional.of("/var/lib/ratoon/vms/0/disk-0.qcow2"), 12L << 20),
            new MoveFileView.Disk(1, Optional.of("/srv/fast/0/disk-1.qcow2"), 0)));
  }

  static MoveDiskView moveDisk() {
    DiskId base = new DiskId("5c".repeat(32));
    String name = base.hex() + ".flat.raw";
    return new MoveDiskView(
        new EntityName("web-1"),
        new EntityName("host-1"),
        "/var/lib/ratoon/cache",
        true,
        List.of(
            new MoveDiskView.Disk(
                0,
                base,
                Optional.of("/mnt/vm-cache/" + name),
                Optional.empty(),
                700L << 20,
                12L << 20),
            new MoveDiskView.Disk(
                1,
                base,
                Optional.of("/var/lib/ratoon/cache/" + name),
                Optional.of("/var/lib/ratoon/cache/" + name),
                0,
                0)));
  }
}
