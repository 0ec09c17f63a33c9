package dev.ratoon.agent.vm;

import dev.ratoon.agent.bases.Bases;
import dev.ratoon.agent.hypervisor.DomainStatus;
import dev.ratoon.agent.work.Timeline;
import dev.ratoon.cache.Base;
import dev.ratoon.disk.Backing;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.qcow2.Qcow2Header;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredLayering;
import dev.ratoon.protocol.agent.DesiredVm;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Moves a VM's own files of its disks to other folders of the host. A domain that runs goes over to
 * a copy there, see {@link Copying}. The file of a VM that stands still is copied whole, and read
 * back, before the record says that the copy is the disk: until then the file before is, and the
 * copy goes if this process dies. No guest is started meanwhile, as who starts it waits for this.
 */
record FileMove(LayerTools tools, Copying copying) {

  /**
   * Does what can be done at once.
   *
   * @return whether nothing is left to do
   */
  boolean advance(
      DesiredVm wanted, Optional<DomainStatus> domain, DesiredLayering asked, Timeline timeline) {
    for (int i = 0; i < wanted.disks().size(); i++) {
      if (asked.concerns(i) && !advance(wanted, domain, i, asked, timeline)) {
        return false;
      }
    }
    timeline.step(CacheMove.MOVE, () -> {});
    return true;
  }

  private boolean advance(
      DesiredVm wanted,
      Optional<DomainStatus> domain,
      int index,
      DesiredLayering asked,
      Timeline timeline) {
    Layers known = tools.records().update(wanted, layers -> layers);
    DesiredVm vm = wanted.withDisks(known.disks());
    VmDisk disk = VmDisk.of(vm, tools.folder(vm.id()), index);
    Optional<String> folder = asked.disks().get(index).folder();
    if (!known.isCopying(index) && disk.wanted().folder().equals(folder)) {
      return true;
    }
    folder.ifPresent(place -> requireUsable(vm, Path.of(place)));
    requireQcow2(vm, disk);
    Bases.Progress progress = (done, total) -> timeline.progress(CacheMove.MOVE, done, total);
    DesiredDisk there = disk.wanted().lying(folder);
    if (domain.isPresent()) {
      // It may have gone over to a copy that was begun for an earlier move, to another folder.
      return copying.advance(wanted, domain.get(), index, there, base(disk), progress)
          && liesIn(wanted, index, folder);
    }
    return copying.copyStopped(
        wanted,
        index,
        there,
        to ->
            timeline.step(
                CacheMove.MOVE,
                () -> {
                  WholeFile.copy(disk.file(), to, tools.records().owner(), progress);
                  requireSameParent(disk.file(), to);
                }));
  }

  private boolean liesIn(DesiredVm wanted, int index, Optional<String> folder) {
    Layers known = tools.records().update(wanted, layers -> layers);
    return known.disks().get(index).folder().equals(folder);
  }

  private void requireUsable(DesiredVm vm, Path folder) {
    if (!tools.folders().elsewhere().isUsable(folder)) {
      throw Problem.of(
              ErrorCode.WRONG_STATE, "moving a disk of VM '" + vm.name() + "' to " + folder)
          .detail("No disks of VMs may lie there, or it is not mounted.")
          .next("On the host: ratoon agent disk-folder list")
          .asException();
    }
  }

  private static void requireQcow2(DesiredVm vm, VmDisk disk) {
    if (disk.format() != DiskFormat.QCOW2 || !vm.takeOver().isEmpty()) {
      throw Problem.of(ErrorCode.WRONG_STATE, "moving the disk " + disk.file())
          .detail("Only files that Ratoon made as differencing disks, or empty, move so.")
          .next("A whole copy of a base disk stays in the VM's folder.")
          .asException();
    }
  }

  /** What it stands on now. */
  private Optional<Base> base(VmDisk disk) {
    Optional<Path> named = Qcow2Header.read(disk.file()).backing(disk.file()).map(Backing::file);
    return disk.wanted().base().map(id -> tools.caches().use(id, named));
  }

  private static void requireSameParent(Path from, Path to) {
    Optional<Backing> before = Qcow2Header.read(from).backing(from);
    if (!Qcow2Header.read(to).backing(to).equals(before)) {
      throw Problem.of(ErrorCode.OVERLAY_ALTERED, "moving the disk " + from)
          .detail("It names what it stands on by a place beside it, which is not there.")
          .next("It is left as it is.")
          .asException();
    }
  }
}
