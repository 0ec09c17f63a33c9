package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredLayering;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.LayerTask;
import dev.ratoon.protocol.agent.LayeringReport;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.protocol.api.CloneRequest;
import dev.ratoon.protocol.api.ImageFromVmRequest;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.RebaseRequest;
import dev.ratoon.protocol.api.RevertRequest;
import dev.ratoon.protocol.api.SnapshotRequest;
import dev.ratoon.protocol.api.SnapshotView;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.ImageTable.ImageRow;
import dev.ratoon.server.store.Transaction;
import dev.ratoon.server.store.VmRow;
import dev.ratoon.server.store.VmRow.ImageWish;
import dev.ratoon.server.store.VmRow.Layering;
import dev.ratoon.server.store.VmRow.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Asks for what can be done to VMs' disks as layers. Clones, images and snapshots begin alike: the
 * disks become base disks and the VM goes on in new files on them. What is then made of these bases
 * is written down with the wish, and done by {@link LayerResults} when the host says that they are
 * there.
 */
public final class Layerings {
  private static final int MOST_SNAPSHOTS = 16;

  private final Database database;
  private final Vms vms;
  private final KnownVms known;
  private final Observations observations;
  private final Revisions revisions;

  Layerings(
      Database database, Vms vms, KnownVms known, Observations observations, Revisions revisions) {
    this.database = database;
    this.vms = vms;
    this.known = known;
    this.observations = observations;
    this.revisions = revisions;
  }

  /** Makes VMs of this one, as it is at that moment, running or stopped. */
  public OperationView clone(String tenant, String nameOrId, CloneRequest request) {
    return database.write(tx -> {
      VmRow vm = atRest(tx, tenant, nameOrId, "cloning");
      List<String> taken = tx.vms().taken(tenant, Blueprint.names(request.name(), request.count()));
      if (!taken.isEmpty()) {
        throw Problem.of(ErrorCode.NAME_TAKEN, "naming the clones of " + vm.name())
            .detail("There is already: " + Words.some(taken) + ".")
            .next("Choose another name, or delete what holds it.")
            .asException();
      }
      Layering wanted =
          new Layering(
              freeze(tx, vm, request.quiesce()),
              Optional.empty(),
              Optional.empty(),
              Optional.of(request),
              Optional.empty());
      return begin(tx, vm, OperationKind.CLONE, wanted);
    });
  }

  /** Makes an image of a disk of the VM. */
  public OperationView image(String tenant, String nameOrId, ImageFromVmRequest request) {
    return database.write(tx -> {
      VmRow vm = atRest(tx, tenant, nameOrId, "making an image of");
      if (tx.images().find(tenant, request.image()).isPresent()) {
        throw imageTaken(request.image());
      }
      int disks = vm.spec().disks().size();
      if (request.disk() < 0 || request.disk() >= disks) {
        throw Problem.of(ErrorCode.NOT_FOUND, "finding disk " + request.disk() + " of " + vm.name())
            .detail("It has " + Words.counted(disks, "disk") + ".")
            .next("Disks are counted from 0.")
            .asException();
      }
      Layering wanted =
          new Layering(
              freeze(tx, vm, request.quiesce()),
              Optional.of(new ImageWish(request.image(), request.disk())),
              Optional.empty(),
              Optional.empty(),
              Optional.empty());
      return begin(tx, vm, OperationKind.CREATE_IMAGE, wanted);
    });
  }

  static RatoonException imageTaken(ImageRef image) {
    return Problem.of(ErrorCode.NAME_TAKEN, "making the image " + image)
        .detail("There is an image of this name already.")
        .next("Choose another tag, or delete that image first.")
        .asException();
  }

  /** Remembers the state of all its disks. */
  public OperationView snapshot(String tenant, String nameOrId, SnapshotRequest request) {
    return database.write(tx -> {
      VmRow vm = atRest(tx, tenant, nameOrId, "remembering the state of");
      List<Snapshot> there = vm.spec().snapshots();
      if (there.stream().anyMatch(each -> each.name().equals(request.name()))) {
        throw Problem.of(ErrorCode.NAME_TAKEN, "naming a snapshot of " + vm.name())
            .detail("It has a snapshot '" + request.name() + "' already.")
            .next("Choose another name, or delete that one.")
            .asException();
      }
      if (there.size() >= MOST_SNAPSHOTS) {
        throw Problem.of(ErrorCode.WRONG_STATE, "remembering another state of " + vm.name())
            .detail("It has " + MOST_SNAPSHOTS + " snapshots, and more would only cost it time.")
            .next("Delete one: ratoon vm snapshot delete " + vm.name() + " NAME")
            .asException();
      }
      Layering wanted =
          new Layering(
              freeze(tx, vm, request.quiesce()),
              Optional.empty(),
              Optional.of(request.name()),
              Optional.empty(),
              Optional.empty());
      return begin(tx, vm, OperationKind.SNAPSHOT, wanted);
    });
  }

  /** The states that are remembered, the oldest first. */
  public List<SnapshotView> snapshots(String tenant, String nameOrId) {
    return database.read(tx ->
        Vms.find(tx, tenant, nameOrId).spec().snapshots().stream().map(Layerings::view).toList());
  }

  private static SnapshotView view(Snapshot snapshot) {
    return new SnapshotView(
        snapshot.name(),
        snapshot.at(),
        snapshot.quiesced(),
        snapshot.disks().stream().map(DesiredDisk::base).toList());
  }

  /**
   * Lets the VM be what it was, all its disks together; what was written since is gone.
   *
   * @throws RatoonException {@link ErrorCode#WRONG_STATE} if it runs, and is not to be stopped
   */
  public OperationView revert(
      String tenant, String nameOrId, EntityName name, RevertRequest request) {
    return database.write(tx -> {
      VmRow vm = atRest(tx, tenant, nameOrId, "reverting");
      Snapshot snapshot = snapshot(vm, name);
      VmRow ready = request.stop() ? stopping(tx, vm) : vm;
      if (!request.stop()) {
        requireStopped(vm, "reverting", "Stop it first, or say so: --stop");
      }
      DesiredLayering wish =
          new DesiredLayering(
              revision(tx, ready),
              LayerTask.RENEW,
              false,
              snapshot.disks(),
              snapshot.variables(),
              Optional.empty());
      return begin(tx, ready, OperationKind.REVERT, Layering.of(wish));
    });
  }

  private VmRow stopping(Transaction tx, VmRow vm) {
    VmRow stopped =
        vm.wanting(DesiredPower.STOPPED, 0, revisions.next(tx, vm.host()), Optional.empty());
    known.want(tx, stopped);
    return stopped;
  }

  /** Forgets a state. The base disks stay: others may stand on them. */
  public SnapshotView deleteSnapshot(String tenant, String nameOrId, EntityName name) {
    return database.write(tx -> {
      VmRow vm = vms.idle(tx, Vms.held(tx, tenant, nameOrId), "changing the snapshots of");
      Snapshot gone = snapshot(vm, name);
      List<Snapshot> others =
          vm.spec().snapshots().stream().filter(each -> !each.equals(gone)).toList();
      known.respec(tx, vm.madeOf(vm.spec().withSnapshots(others), vm.desiredRevision()));
      return view(gone);
    });
  }

  private static Snapshot snapshot(VmRow vm, EntityName name) {
    return vm.spec().snapshots().stream()
        .filter(each -> each.name().equals(name))
        .findFirst()
        .orElseThrow(() ->
            Problem.of(ErrorCode.NOT_FOUND, "finding the snapshot " + name + " of " + vm.name())
                .next("'ratoon vm snapshot list " + vm.name() + "' shows those that there are.")
                .asException());
  }

  /** Lets its disks stand alone, while it runs or not. */
  public OperationView flatten(String tenant, String nameOrId) {
    return database.write(tx -> {
      VmRow vm = atRest(tx, tenant, nameOrId, "flattening");
      DesiredLayering wish =
          new DesiredLayering(
              revision(tx, vm),
              LayerTask.FLATTEN,
              false,
              List.of(),
              Optional.empty(),
              Optional.empty());
      return begin(tx, vm, OperationKind.FLATTEN, Layering.of(wish));
    });
  }

  /** Puts its first disk on another image's base disk. */
  public OperationView rebase(String tenant, String nameOrId, RebaseRequest request) {
    return database.write(tx -> {
      VmRow vm = atRest(tx, tenant, nameOrId, "rebasing");
      requireStopped(vm, "rebasing", "Stop it first: ratoon vm stop " + vm.name());
      ImageRow image =
          tx.images().keep(tenant, Set.of(request.image())).values().stream()
              .findFirst()
              .orElseThrow(() ->
                  Problem.of(ErrorCode.NOT_FOUND, "finding the image " + request.image())
                      .next("'ratoon image list' shows those that exist.")
                      .asException());
      LayerTask task =
          switch (request.changes()) {
            case NONE -> LayerTask.RENEW_UNWRITTEN;
            case KEEP_CONTENT -> LayerTask.REBASE;
            case DISCARD -> LayerTask.RENEW;
          };
      DesiredLayering wish =
          new DesiredLayering(
              revision(tx, vm),
              task,
              false,
              onto(vm, image, task == LayerTask.REBASE),
              Optional.empty(),
              Optional.of(0));
      Layering wanted =
          new Layering(
              wish,
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              Optional.of(request.image()));
      return begin(tx, vm, OperationKind.REBASE, wanted);
    });
  }

  private static List<DesiredDisk> onto(VmRow vm, ImageRow image, boolean keepsSize) {
    List<DesiredDisk> disks = new ArrayList<>();
    vm.spec().disks().forEach(disk -> disks.add(disk.made()));
    DesiredDisk first = disks.getFirst();
    Optional<DiskId> base = Optional.of(image.diskId());
    long size = keepsSize ? first.sizeBytes() : Math.max(first.sizeBytes(), image.sizeBytes());
    disks.set(0, new DesiredDisk(base, size, true, Optional.empty(), first.generation()));
    return disks;
  }

  private void requireStopped(VmRow vm, String doing, String next) {
    if (vms.stateOf(vm) != VmState.STOPPED) {
      throw Problem.of(ErrorCode.WRONG_STATE, doing + " " + vm.name())
          .detail("It is not stopped.")
          .next(next)
          .asException();
    }
  }

  /** The VM, which has disks, is not in the trash, and with which nothing else is being done. */
  VmRow atRest(Transaction tx, String tenant, String nameOrId, String doing) {
    VmRow vm = vms.idle(tx, Vms.held(tx, tenant, nameOrId), doing);
    Vms.outsideTrash(vm, doing);
    boolean hasDisks = observations.of(vm).filter(report -> !report.disks().isEmpty()).isPresent();
    if (!hasDisks || vms.stateOf(vm) == VmState.DEPLOYING) {
      throw Problem.of(ErrorCode.WRONG_STATE, doing + " " + vm.name())
          .detail("It has no disks yet.")
          .next("Wait until it is deployed: ratoon vm show " + vm.name())
          .asException();
    }
    observations.of(vm).ifPresent(seen -> requireAllThere(seen, doing + " " + vm.name()));
    if (vm.spec().layering().isPresent()) {
      throw Problem.of(ErrorCode.WRONG_STATE, doing + " " + vm.name())
          .detail("Its disks are being worked at: it is a full clone that is still copied.")
          .next("Wait until that has ended: ratoon operation list")
          .asException();
    }
    return vm;
  }

  /** Nobody works at a VM of which a disk cannot be found. */
  static void requireAllThere(VmReport seen, String doing) {
    seen.disks().stream()
        .filter(disk -> disk.missing().isPresent())
        .findFirst()
        .ifPresent(disk -> {
          throw Problem.of(ErrorCode.WRONG_STATE, doing)
              .detail("Disk " + disk.path() + ": " + disk.missing().get() + ".")
              .next("Bring the file back first.")
              .asException();
        });
  }

  private DesiredLayering freeze(Transaction tx, VmRow vm, boolean quiesce) {
    return new DesiredLayering(
        revision(tx, vm), LayerTask.FREEZE, quiesce, List.of(), Optional.empty(), Optional.empty());
  }

  /** Newer than anything that its host has heard of this VM. */
  long revision(Transaction tx, VmRow vm) {
    long last =
        observations.of(vm).flatMap(VmReport::layering).map(LayeringReport::revision).orElse(0L);
    return Math.max(revisions.next(tx, vm.host()), last + 1);
  }

  OperationView begin(Transaction tx, VmRow vm, OperationKind kind, Layering wanted) {
    VmRow changed =
        vm.madeOf(vm.spec().withLayering(Optional.of(wanted)), revisions.next(tx, vm.host()));
    known.respec(tx, changed);
    return vms.begin(tx, changed, kind).view();
  }
}
