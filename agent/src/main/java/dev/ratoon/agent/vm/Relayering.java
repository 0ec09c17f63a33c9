package dev.ratoon.agent.vm;

import dev.ratoon.agent.bases.Bases;
import dev.ratoon.cache.Base;
import dev.ratoon.disk.Backing;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.copy.Conversion;
import dev.ratoon.disk.copy.Rebase;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.manifest.Manifests;
import dev.ratoon.model.ByteSize;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredLayering;
import dev.ratoon.protocol.agent.DesiredVm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Puts the disks of a VM that has no domain, and whose layers are settled, on other bases, or on
 * none. What takes a disk's place is whole before the record says so, and what it takes the place
 * of goes after that.
 */
record Relayering(LayerTools tools) {
  private static final int PARALLELISM = 2;
  private static final Pattern DISK = Pattern.compile("disk-\\d+(\\.\\d+)?\\.(qcow2|raw)");

  /** New, empty files on the bases that are wanted; what was written to the present ones goes. */
  void renew(DesiredVm vm, DesiredLayering wanted, Bases.Progress progress) {
    bring(vm, wanted, progress);
    Path folder = tools.folder(vm.id());
    try {
      List<DesiredDisk> next = new ArrayList<>();
      for (int i = 0; i < vm.disks().size(); i++) {
        next.add(wanted.concerns(i) ? renew(vm, i, wanted.disks().get(i)) : vm.disks().get(i));
      }
      Optional<Path> variables = wanted.variables().map(id -> variables(folder, id));
      replace(vm, next);
      variables.ifPresent(fresh -> move(fresh, folder.resolve(VmFiles.VARIABLES)));
    } catch (RatoonException failed) {
      leaveNothing(vm, failed);
      throw failed;
    }
  }

  private DesiredDisk renew(DesiredVm vm, int index, DesiredDisk shall) {
    Path file = VmDisk.next(vm, tools.folder(vm.id()), index).file();
    if (shall.base().isPresent()) {
      Base base = tools.caches().use(shall.base().get());
      tools.makeChild(
          file, Math.max(shall.sizeBytes(), base.sizeBytes()), Optional.of(recorded(base)));
    } else {
      LayerTools.remove(file);
      empty(file, shall.sizeBytes()).close();
      tools.give(file);
    }
    return new DesiredDisk(
            shall.base(),
            shall.sizeBytes(),
            true,
            Optional.empty(),
            vm.disks().get(index).generation(),
            vm.disks().get(index).folder())
        .inNextFile();
  }

  /** They take the place of the present ones once the record says that the disks are renewed. */
  private Path variables(Path folder, DiskId id) {
    Path fresh = folder.resolve(VmFiles.VARIABLES + ".new");
    LayerTools.remove(fresh);
    long _ =
        tools
            .caches()
            .copyWhole(id, fresh, tools.caches().use(id).sizeBytes(), (done, total) -> {});
    tools.give(fresh);
    return fresh;
  }

  private static void move(Path fresh, Path place) {
    try {
      Files.move(fresh, place, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException failed) {
      throw Faults.unwritable(place, failed);
    }
  }

  /** The record says so, and then what was before is removed. */
  private void replace(DesiredVm vm, List<DesiredDisk> next) {
    removeOthers(vm, tools.records().update(vm, known -> known.standing(next)));
  }

  /** What was begun in the place of the present disks goes. */
  private void leaveNothing(DesiredVm vm, RatoonException failed) {
    try {
      removeOthers(vm, tools.records().update(vm, known -> known));
    } catch (RatoonException left) {
      failed.addSuppressed(left); // goes with the next that succeeds
    }
  }

  /**
   * Removes what looks like a disk of the VM and is none, as far as that is sure: all that it has
   * are there, and nothing of them is unsettled, so that no other file is named by one.
   */
  private void removeOthers(DesiredVm vm, Layers now) {
    Path folder = tools.folder(vm.id());
    DesiredVm standing = vm.withDisks(now.disks());
    Set<Path> present =
        IntStream.range(0, standing.disks().size())
            .mapToObj(i -> VmDisk.of(standing, folder, i).file())
            .collect(Collectors.toSet());
    if (!now.isSettled() || !present.stream().allMatch(Files::exists)) {
      return;
    }
    Stream.concat(Stream.of(folder), present.stream().map(Path::getParent))
        .distinct()
        .forEach(place -> removeOthers(place, present));
  }

  private static void removeOthers(Path folder, Set<Path> present) {
    try (Stream<Path> files = Files.list(folder)) {
      files
          .filter(file -> DISK.matcher(String.valueOf(file.getFileName())).matches())
          .filter(file -> !present.contains(file))
          .forEach(LayerTools::remove);
    } catch (IOException failed) {
      throw Faults.unreadable(folder, failed);
    }
  }

  private void bring(DesiredVm vm, DesiredLayering wanted, Bases.Progress progress) {
    if (wanted.disks().size() != vm.disks().size()) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "changing the layers of VM '" + vm.name() + "'")
          .detail("It has " + vm.disks().size() + " disks, not " + wanted.disks().size() + ".")
          .asException();
    }
    tools.bases().ready(vm.withDisks(wanted.disks()), progress);
    wanted.variables().ifPresent(id -> tools.bases().ready(id, vm, progress));
  }

  static Backing recorded(Base base) {
    return new Backing(base.path(), base.format(), Optional.empty(), Optional.of(base.id()));
  }

  private static WritableDisk empty(Path file, long sizeBytes) {
    return VirtualDisks.create(file, sizeBytes, Optional.empty(), CreateOptions.Qcow2.STANDARD);
  }

  /**
   * Refuses unless every disk reads as the base that it stands on.
   *
   * @throws dev.ratoon.model.RatoonException {@code wrong-state}
   */
  void requireUnwritten(DesiredVm vm, DesiredLayering wanted) {
    Path folder = tools.folder(vm.id());
    for (int i = 0; i < vm.disks().size(); i++) {
      if (!wanted.concerns(i)) {
        continue;
      }
      VmDisk disk = VmDisk.of(vm, folder, i);
      Optional<Base> base = disk.parent(tools.caches());
      long differing = base.isEmpty() ? LayerTools.sizeOf(disk) : differing(disk, base.get());
      if (differing > 0) {
        throw Problem.of(ErrorCode.WRONG_STATE, "giving VM '" + vm.name() + "' another image")
            .detail(
                ("Its guest has changed disk %d: %s of it no longer are as in the image. A guest's"
                        + " blocks on top of another image's would make a file system of halves of"
                        + " two, so they are not carried over.")
                    .formatted(i, ByteSize.show(differing)))
            .next(
                "Keep what the guest has, on the newer base disk: --keep-content. Or begin anew on"
                    + " the newer image, without anything that the guest wrote: --discard.")
            .asException();
      }
    }
  }

  private long differing(VmDisk disk, Base base) {
    Manifest parent = tools.caches().own().manifest(base.id());
    try (VirtualDisk child = tools.open(disk.file(), disk.format())) {
      Manifest now = Manifests.ofChild(child, parent, PARALLELISM, Progress.NONE);
      long bytes = 0;
      for (long chunk = 0; chunk < now.chunks(); chunk++) {
        boolean same =
            now.isZero(chunk)
                ? chunk >= parent.chunks() || parent.isZero(chunk)
                : chunk < parent.chunks() && parent.matches(chunk, now.sha256(chunk));
        bytes += same ? 0 : now.chunkBytes(chunk);
      }
      return bytes;
    }
  }

  /** The disks stand on other bases, and read as before. */
  void rebase(DesiredVm vm, DesiredLayering wanted, Bases.Progress progress) {
    bring(vm, wanted, progress);
    Path folder = tools.folder(vm.id());
    List<DesiredDisk> standing = new ArrayList<>(vm.disks());
    for (int i = 0; i < vm.disks().size(); i++) {
      Optional<DiskId> next = wanted.disks().get(i).base();
      VmDisk disk = VmDisk.of(vm, folder, i);
      if (wanted.concerns(i) && next.isPresent() && !next.equals(disk.wanted().base())) {
        Base base = tools.caches().use(next.get());
        standing.set(i, disk.wanted().on(next));
        List<DesiredDisk> now = List.copyOf(standing);
        Layers about = tools.records().update(vm, known -> known.changing(now));
        try {
          rebase(disk, base, progress);
        } catch (RatoonException failed) {
          decide(vm, about, failed);
          throw failed;
        }
        tools.records().update(vm, known -> known.standing(now));
      }
    }
  }

  private void decide(DesiredVm vm, Layers about, RatoonException failed) {
    try {
      Layers _ = new Settling(tools).decide(vm, about);
    } catch (RatoonException undecided) {
      failed.addSuppressed(undecided); // before the next start it is tried again
    }
  }

  private void rebase(VmDisk disk, Base next, Bases.Progress progress) {
    Base present =
        disk.parent(tools.caches())
            .orElseThrow(() ->
                Problem.of(ErrorCode.WRONG_STATE, "putting " + disk.file() + " on another base")
                    .detail("It stands alone.")
                    .asException());
    DiskId before = content(disk, tools.caches().own().manifest(present.id()));
    try {
      copy(disk, present, next, progress);
      if (!content(disk, tools.caches().own().manifest(next.id())).equals(before)) {
        throw Problem.of(ErrorCode.OVERLAY_ALTERED, "putting " + disk.file() + " on another base")
            .detail("It did not read as before, and stands on its old base again.")
            .next("Check the memory and the disk of this host.")
            .asException();
      }
    } catch (RatoonException failed) {
      // What was copied into it is what it read before, so that this undoes all of it.
      VirtualDisks.relink(disk.file(), disk.format(), recorded(present));
      throw failed;
    }
  }

  private void copy(VmDisk disk, Base present, Base next, Bases.Progress progress) {
    Manifest old = tools.caches().own().manifest(present.id());
    Manifest young = tools.caches().own().manifest(next.id());
    AtomicLong done = new AtomicLong();
    try (WritableDisk child =
            VirtualDisks.openWritable(disk.file(), disk.format(), LayerTools.rules());
        VirtualDisk presentDisk = tools.caches().open(present);
        VirtualDisk nextDisk = tools.caches().open(next)) {
      long _ =
          Rebase.copyDifferences(
              child,
              new Rebase.Parent(presentDisk, old),
              new Rebase.Parent(nextDisk, young),
              recorded(next),
              PARALLELISM,
              bytes -> progress.at(done.addAndGet(bytes), child.size()));
    }
  }

  private DiskId content(VmDisk disk, Manifest parent) {
    try (VirtualDisk opened = tools.open(disk.file(), disk.format())) {
      return Manifests.ofChild(opened, parent, PARALLELISM, Progress.NONE).id();
    }
  }

  /** Whole files take the place of those that stand on bases. */
  void flatten(DesiredVm vm, Bases.Progress progress) {
    Path folder = tools.folder(vm.id());
    try {
      List<DesiredDisk> next = new ArrayList<>();
      for (int i = 0; i < vm.disks().size(); i++) {
        VmDisk disk = VmDisk.of(vm, folder, i);
        if (disk.isChild()) {
          flatten(disk, VmDisk.next(vm, folder, i).file(), progress);
          next.add(disk.wanted().on(Optional.empty()).inNextFile());
        } else {
          next.add(disk.wanted());
        }
      }
      replace(vm, next);
    } catch (RatoonException failed) {
      leaveNothing(vm, failed);
      throw failed;
    }
  }

  private void flatten(VmDisk disk, Path whole, Bases.Progress progress) {
    Optional<Base> base = disk.parent(tools.caches());
    LayerTools.remove(whole);
    AtomicLong done = new AtomicLong();
    try (VirtualDisk source = tools.open(disk.file(), disk.format())) {
      try (WritableDisk target = empty(whole, source.size())) {
        Conversion.convert(
            source,
            target,
            PARALLELISM,
            bytes -> progress.at(done.addAndGet(bytes), source.size()));
        target.flush();
      }
      DiskId before = Manifests.of(source, PARALLELISM, Progress.NONE).id();
      DiskId after;
      try (VirtualDisk copy = tools.open(whole, DiskFormat.QCOW2)) {
        after = Manifests.of(copy, PARALLELISM, Progress.NONE).id();
      }
      base.ifPresent(known -> tools.caches().use(known.id(), Optional.of(known.path())));
      if (!before.equals(after)) {
        LayerTools.remove(whole);
        throw Problem.of(ErrorCode.OVERLAY_ALTERED, "flattening the disk " + disk.file())
            .detail("The copy does not read as the disk. It is removed; the disk is as it was.")
            .next("Check the memory and the disk of this host.")
            .asException();
      }
    }
    tools.give(whole);
  }
}
