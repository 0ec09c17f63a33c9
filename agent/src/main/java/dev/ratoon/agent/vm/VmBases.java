package dev.ratoon.agent.vm;

import dev.ratoon.agent.bases.Bases;
import dev.ratoon.agent.share.ChosenCaches;
import dev.ratoon.agent.share.HostCaches;
import dev.ratoon.cache.Base;
import dev.ratoon.cache.arrival.Priority;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredVm;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.IntStream;

/** The bases that a VM's disks stand on, or are copied from. */
record VmBases(HostCaches caches, Bases bases, ChosenCaches chosen) {

  /** Brings those that are not here, or not as they were published. */
  void ready(DesiredVm vm, Bases.Progress progress) {
    for (DesiredDisk disk : vm.disks()) {
      if (disk.base().isPresent()) {
        ready(disk, disk.base().get(), vm, progress);
      }
    }
  }

  /** The same for disks that are in {@code folder}: to where their own headers name the bases. */
  void mend(DesiredVm vm, Path folder, Bases.Progress progress) {
    ready(
        vm.withDisks(
            IntStream.range(0, vm.disks().size())
                .mapToObj(i -> VmDisk.of(vm, folder, i))
                .map(disk -> disk.wanted().in(ownCacheOf(disk)))
                .toList()),
        progress);
  }

  private Optional<String> ownCacheOf(VmDisk disk) {
    return OverlayHeader.parent(disk.file())
        .filter(parent -> caches.isInOwnFolder(Path.of(parent)))
        .map(_ -> caches.own().root().toString());
  }

  /** Brings one that is to lie in any cache of the host. */
  void ready(DiskId id, DesiredVm vm, Bases.Progress progress) {
    ready(new DesiredDisk(Optional.of(id), 0, true), id, vm, progress);
  }

  private void ready(DesiredDisk disk, DiskId id, DesiredVm vm, Bases.Progress progress) {
    try {
      Base _ = ready(disk, id, progress);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw Problem.of(ErrorCode.INTERRUPTED, "bringing the bases of VM '" + vm.name() + "'")
          .asException(stopped);
    }
  }

  private Base ready(DesiredDisk disk, DiskId id, Bases.Progress progress)
      throws InterruptedException {
    return disk.parentPath().isPresent()
        ? chosen.ready(id, Path.of(disk.parentPath().get()), Priority.DEPLOY, progress)
        : bases.ready(id, Priority.DEPLOY, progress);
  }

  /**
   * Whether those are ready that its disks in {@code folder} stand on. Only what lies in the host's
   * own cache is brought anew there; how an adopted file is, or one on a share, is seen when the
   * disk is opened.
   */
  boolean areReady(DesiredVm vm, Path folder) {
    return IntStream.range(0, vm.disks().size())
        .mapToObj(i -> VmDisk.of(vm, folder, i))
        .filter(VmDisk::isChild)
        .allMatch(disk ->
            disk.wanted().base().filter(caches::isReady).isPresent()
                || OverlayHeader.parent(disk.file())
                    .filter(parent -> !caches.isInOwnFolder(Path.of(parent)))
                    .isPresent());
  }
}
