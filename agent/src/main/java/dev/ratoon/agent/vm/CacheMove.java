package dev.ratoon.agent.vm;

import dev.ratoon.agent.bases.Bases;
import dev.ratoon.agent.hypervisor.DomainStatus;
import dev.ratoon.agent.work.Timeline;
import dev.ratoon.cache.Base;
import dev.ratoon.disk.Backing;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.qcow2.Qcow2Header;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredLayering;
import dev.ratoon.protocol.agent.DesiredVm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Puts disks on the same base disks in another cache of the host. The base is brought there first,
 * verified. Then the disk of a stopped VM only gets another name into its header, which is right
 * before and after: both name files of one content. That of a VM that runs goes on in a copy, see
 * {@link Copying}. Where a disk stands its own header says; nothing else has to be kept in step.
 */
record CacheMove(LayerTools tools, Copying copying) {
  private static final String BRING = "base";
  static final String MOVE = "move";

  /**
   * Does what can be done at once.
   *
   * @return whether nothing is left to do
   */
  boolean advance(
      DesiredVm wanted, Optional<DomainStatus> domain, DesiredLayering asked, Timeline timeline) {
    for (int i = 0; i < wanted.disks().size(); i++) {
      if (!asked.concerns(i)) {
        continue;
      }
      DesiredVm vm = wanted.withDisks(current(wanted).disks());
      VmDisk disk = present(wanted, i);
      if (disk.isChild()) {
        Path cache = Path.of(asked.disks().get(i).parentPath().orElseThrow());
        Base base = there(vm, disk, cache, timeline);
        if (!advance(wanted, domain, i, disk, base, timeline)) {
          return false;
        }
      } else if (asked.only().isPresent()) {
        throw Problem.of(ErrorCode.WRONG_STATE, "moving disk " + i + " of VM '" + vm.name() + "'")
            .detail("It stands on no base disk: all that it reads is in its own file.")
            .asException();
      }
    }
    timeline.step(MOVE, () -> {});
    return true;
  }

  private boolean advance(
      DesiredVm wanted,
      Optional<DomainStatus> domain,
      int index,
      VmDisk disk,
      Base base,
      Timeline timeline) {
    DesiredDisk standing = disk.wanted().in(Optional.empty());
    if (!current(wanted).isCopying(index) && standsOn(disk, base)) {
      note(wanted, index, standing);
      return true;
    }
    Bases.Progress progress = (done, total) -> timeline.progress(MOVE, done, total);
    if (domain.isPresent()) {
      // It may have gone over to a copy that was begun for an earlier move, on another base.
      return copying.advance(wanted, domain.get(), index, standing, Optional.of(base), progress)
          && standsOn(present(wanted, index), base);
    }
    timeline.step(MOVE, () -> relink(disk, base));
    note(wanted, index, standing);
    return true;
  }

  private VmDisk present(DesiredVm wanted, int index) {
    DesiredVm vm = wanted.withDisks(current(wanted).disks());
    return VmDisk.of(vm, tools.folder(vm.id()), index);
  }

  /** The base in that cache, after bringing it there. */
  private Base there(DesiredVm vm, VmDisk disk, Path cache, Timeline timeline) {
    DiskId id = disk.wanted().base().orElseThrow();
    if (current(vm).copy().isEmpty()) {
      DesiredVm only = vm.withDisks(List.of(disk.wanted().in(Optional.of(cache.toString()))));
      timeline.step(
          BRING,
          () -> tools.bases().ready(only, (done, total) -> timeline.progress(BRING, done, total)));
    }
    Base base = tools.caches().useAt(id, cache);
    if (!base.path().equals(cache) && !cache.equals(base.path().getParent())) {
      throw Problem.of(ErrorCode.WRONG_STATE, "moving a disk of VM '" + vm.name() + "' to " + cache)
          .detail(
              "This host has its base disk in the adopted file %s already, and keeps no second copy."
                  .formatted(base.path()))
          .next("Give the adopted file back first: ratoon host unadopt")
          .asException();
    }
    return base;
  }

  /**
   * As long as a domain has what a disk was frozen to, the disk names a link beside it. Nothing
   * else that it names is looked at: it may lie on a share that does not answer.
   */
  private static boolean standsOn(VmDisk disk, Base base) {
    Optional<Path> named = Qcow2Header.read(disk.file()).backing(disk.file()).map(Backing::file);
    return named.filter(base.path()::equals).isPresent()
        || named
            .filter(path -> Objects.equals(path.getParent(), disk.file().getParent()))
            .filter(link -> leadsTo(link, base.path()))
            .isPresent();
  }

  private static boolean leadsTo(Path link, Path file) {
    try {
      return link.resolveSibling(Files.readSymbolicLink(link)).equals(file);
    } catch (IOException noLink) {
      return false;
    }
  }

  /** What it stands on now need not be there: its header says whose content that has. */
  private void relink(VmDisk disk, Base base) {
    if (!Qcow2Header.read(disk.file()).parentId().equals(Optional.of(base.id()))) {
      Optional<Base> _ = disk.parent(tools.caches());
    }
    VirtualDisks.relink(disk.file(), DiskFormat.QCOW2, Relayering.recorded(base));
  }

  private void note(DesiredVm wanted, int index, DesiredDisk standing) {
    tools
        .records()
        .update(
            wanted,
            known -> {
              List<DesiredDisk> now = new ArrayList<>(known.disks());
              now.set(index, standing);
              return known.standing(now);
            });
  }

  private Layers current(DesiredVm vm) {
    return tools.records().update(vm, layers -> layers);
  }
}
