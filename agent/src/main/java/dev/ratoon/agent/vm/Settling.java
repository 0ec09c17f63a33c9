package dev.ratoon.agent.vm;

import dev.ratoon.agent.vm.Layers.Frozen;
import dev.ratoon.cache.Base;
import dev.ratoon.disk.Backing;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.qcow2.Qcow2Header;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredVm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Makes the disks of a VM that has no domain what they are to be: each one file, that names the
 * base which it stands on by the cache's name for it. Then nothing names the places any more where
 * frozen files were, and these are removed: what they held the cache has, verified.
 */
record Settling(LayerTools tools) {

  /** All frozen files are bases, and the VM has no domain. */
  void run(DesiredVm vm, Layers layers) {
    Path folder = tools.folder(vm.id());
    for (int i = 0; i < vm.disks().size(); i++) {
      VmDisk disk = VmDisk.of(vm, folder, i);
      if (disk.format() == DiskFormat.QCOW2) {
        name(disk, folder, layers);
      }
    }
    for (Frozen frozen : layers.frozen()) {
      // Before the last copy of anything goes, the base that has it is looked at.
      frozen.base().ifPresent(id -> tools.caches().own().use(id));
      Path file = folder.resolve(frozen.file());
      LayerTools.remove(file);
      tools.folders().removeIfEmpty(vm.id(), file);
    }
    tools.records().update(vm, Layers::settled);
  }

  /**
   * Finds out how far something came that was about to change what disks stand on, and was cut
   * short: a disk stands as was meant if its own header says just that, else as before. Nothing may
   * be at work on the disks.
   *
   * @throws dev.ratoon.model.RatoonException {@code file-unreadable} while one is not mounted:
   *     nobody can tell then
   */
  Layers decide(DesiredVm vm, Layers layers) {
    if (layers.about().isEmpty()) {
      return layers;
    }
    Path folder = tools.folder(vm.id());
    DesiredVm before = vm.withDisks(layers.disks());
    List<DesiredDisk> standing = new ArrayList<>(layers.disks());
    for (int i = 0; i < standing.size(); i++) {
      DesiredDisk meant = layers.about().get(i);
      VmDisk disk = VmDisk.of(before, folder, i);
      if (!meant.equals(standing.get(i))) {
        tools.folders().requireThere(vm.id(), disk.file());
        if (saysSo(disk, meant)) {
          standing.set(i, meant);
        }
      }
    }
    List<DesiredDisk> now = List.copyOf(standing);
    return tools.records().update(vm, known -> known.standing(now));
  }

  private static boolean saysSo(VmDisk disk, DesiredDisk meant) {
    if (disk.format() != DiskFormat.QCOW2 || !Files.exists(disk.file())) {
      return false;
    }
    Qcow2Header header = Qcow2Header.read(disk.file());
    return meant.base().isEmpty()
        ? header.backingName().isEmpty()
        : header.backingName().isPresent() && header.parentId().equals(meant.base());
  }

  private void name(VmDisk disk, Path folder, Layers layers) {
    Optional<Path> named = Qcow2Header.read(disk.file()).backing(disk.file()).map(Backing::file);
    boolean byItsPlace =
        named
            .filter(path ->
                layers.frozen().stream().anyMatch(each -> folder.resolve(each.file()).equals(path)))
            .isPresent();
    if (!byItsPlace) {
      return;
    }
    Base base =
        disk.wanted()
            .base()
            .map(id -> tools.caches().own().use(id))
            .orElseThrow(() ->
                Problem.of(ErrorCode.OVERLAY_ALTERED, "settling the disk " + disk.file())
                    .detail("Its header names " + named.get() + ", and it should stand alone.")
                    .next("It is left as it is.")
                    .asException());
    VirtualDisks.relink(
        disk.file(),
        DiskFormat.QCOW2,
        new Backing(base.path(), base.format(), Optional.empty(), Optional.of(base.id())));
  }
}
