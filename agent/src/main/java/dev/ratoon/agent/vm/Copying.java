package dev.ratoon.agent.vm;

import dev.ratoon.agent.bases.Bases;
import dev.ratoon.agent.host.DurableFile;
import dev.ratoon.agent.hypervisor.DiskWork;
import dev.ratoon.agent.hypervisor.DiskWork.DiskCopy;
import dev.ratoon.agent.hypervisor.DomainState;
import dev.ratoon.agent.hypervisor.DomainStatus;
import dev.ratoon.agent.vm.Layers.Copy;
import dev.ratoon.cache.Base;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageLocks;
import dev.ratoon.disk.file.StoredBytes;
import dev.ratoon.disk.qcow2.Qcow2Header;
import dev.ratoon.model.ByteSize;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredVm;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets a running domain go on in a copy of its own file of a disk, which stands on the same base in
 * another place. What is below the file that a domain writes cannot be exchanged under it; so a new
 * file gets all that the present one has, in steps of which each may be the last of this process:
 *
 * <ol>
 *   <li>The record says that the next file is about to become a copy.
 *   <li>That file is made, empty, on its base; the hypervisor writes what the present one has into
 *       it, and from then on each write of the guest into both.
 *   <li>When it has caught up, the record says that the guest is held, and it is.
 *   <li>The domain goes over to the copy, which is then whole on the storage itself.
 *   <li>The record says that the copy is the disk.
 *   <li>The guest goes on.
 *   <li>The file before is removed, and the record says that there is only one.
 * </ol>
 *
 * The invariant: a guest writes only while the record names the file that has all it wrote. Until
 * step 4 this is the file before, afterwards the copy, and in between nothing is written. So
 * whoever finds no domain any more believes the record, and removes the other file; whoever finds
 * one lets the hypervisor end what it is doing, asks which file the domain writes, and lets the
 * guest go on only when the record says the same. What is held by a process that was killed goes on
 * when the next one has looked.
 */
final class Copying {
  private static final Logger LOG = LoggerFactory.getLogger(Copying.class);
  private static final int MOST_TRIES = 3;
  private static final long ROOM_BYTES = 64L << 20;

  /** What a copy leaves free: of a small file system a twentieth. */
  private static final long RESERVE_BYTES = 1L << 30;

  private static final int RESERVE_PART = 20;

  private final LayerTools tools;

  /** How often a copy was begun for what is asked now. */
  private final Map<VmId, Integer> tries = new ConcurrentHashMap<>();

  /** Whose disk is copied to each file system: one at a time, so that they do not fill it. */
  private final Map<FileStore, VmId> copiedTo = new HashMap<>();

  Copying(LayerTools tools) {
    this.tools = tools;
  }

  /**
   * Brings a copy of a disk one step further, and begins it if there is none.
   *
   * @param standing how the disk stands afterwards, still in its present file
   * @param base what the copy stands on
   * @return whether the domain has gone over to it; false, too, if it has ended meanwhile
   */
  boolean advance(
      DesiredVm wanted,
      DomainStatus domain,
      int disk,
      DesiredDisk standing,
      Optional<Base> base,
      Bases.Progress progress) {
    try {
      return step(wanted, domain, disk, standing, base, progress);
    } catch (RatoonException failed) {
      if (tools.hypervisor().domain(wanted.id()).isEmpty()) {
        LOG.info("VM {}: ended while it moved: {}", wanted.id(), failed.problem().oneLine());
        return false;
      }
      throw failed;
    }
  }

  private boolean step(
      DesiredVm wanted,
      DomainStatus domain,
      int disk,
      DesiredDisk standing,
      Optional<Base> base,
      Bases.Progress progress) {
    Optional<Copy> known = current(wanted).copy();
    if (known.filter(copy -> copy.held() || copy.over() || copy.disk() != disk).isPresent()) {
      settle(wanted);
      return false;
    }
    if (known.isEmpty()) {
      begin(wanted, domain, disk, standing, base);
      progress.at(0, 1);
      return false;
    }
    // Begun by a process before this one, perhaps.
    boolean _ = mayCopyTo(wanted, known.get().next());
    DiskCopy files = files(wanted, known.get());
    DiskWork.CopyState state = tools.hypervisor().copyState(wanted.id(), files);
    if (state == DiskWork.CopyState.NONE) {
      settle(wanted);
      return false;
    }
    tools.hypervisor().blockJobs(wanted.id()).stream()
        .filter(job -> job.disk().equals(files.from()))
        .forEach(job -> progress.at(job.done(), Math.max(1, job.total())));
    return state == DiskWork.CopyState.WHOLE && goOver(wanted, domain, known.get(), files);
  }

  private void begin(
      DesiredVm wanted, DomainStatus domain, int disk, DesiredDisk standing, Optional<Base> base) {
    DesiredVm vm = wanted.withDisks(current(wanted).disks());
    VmDisk present = VmDisk.of(vm, tools.folder(vm.id()), disk);
    if (!mayCopyTo(vm, standing)) {
      return;
    }
    int most = MOST_TRIES * vm.disks().size();
    int tried = tries.merge(vm.id(), 1, Integer::sum);
    if (tried > most) {
      throw Problem.of(ErrorCode.HYPERVISOR_REFUSED, doing(vm))
          .detail(
              "The hypervisor has ended the copy of " + present.file() + " before it was whole.")
          .next("Look whether the host's disk is full, then try again.")
          .asException();
    }
    if (!domain.overlays().contains(present.file())) {
      throw Problem.of(ErrorCode.WRONG_STATE, doing(vm))
          .detail("Its domain writes another file than " + present.file() + ".")
          .next("Stop it and start it once, then they are the same.")
          .asException();
    }
    DiskCopy files = prepare(wanted, disk, standing, present);
    tools.makeChild(files.to(), LayerTools.sizeOf(present), base.map(Relayering::recorded));
    try {
      tools.hypervisor().copy(vm.id(), files);
    } catch (RatoonException refused) {
      if (refused.problem().code() != ErrorCode.HYPERVISOR_REFUSED || tried == most) {
        throw refused;
      }
      // A daemon that was killed while it did the same may stumble over what it has left behind.
      LOG.warn("VM {}: {}", vm.id(), refused.problem().oneLine());
    }
  }

  /** Another's disk may be copied to where this one's was, or was to be. */
  private void leave(VmId id) {
    synchronized (copiedTo) {
      copiedTo.values().removeIf(id::equals);
    }
  }

  /** Makes the place for a copy, and notes that it is about to be made. */
  private DiskCopy prepare(DesiredVm wanted, int disk, DesiredDisk standing, VmDisk present) {
    Copy copy =
        new Copy(
            disk, standing.inNextFile(), tools.called(wanted.id(), present.file()), false, false);
    DiskCopy files = files(wanted, copy);
    boolean stays = standing.folder().equals(present.wanted().folder());
    requireRoom(wanted, present.file(), place(wanted, standing), stays);
    if (!stays) {
      tools.folders().makeElsewhere(wanted.id(), standing.folder());
    }
    tools.records().update(wanted, layers -> layers.copying(copy));
    return files;
  }

  /** Where it will lie: a folder that is there already. */
  private Path place(DesiredVm vm, DesiredDisk standing) {
    return standing.folder().map(Path::of).orElseGet(() -> tools.folder(vm.id()));
  }

  /**
   * Whether no other disk is just copied to that file system. The room that is left there for it is
   * known only when the one before is whole.
   */
  private boolean mayCopyTo(DesiredVm vm, DesiredDisk standing) {
    Path place = place(vm, standing);
    try {
      FileStore store = Files.getFileStore(place);
      synchronized (copiedTo) {
        VmId last = copiedTo.getOrDefault(store, vm.id());
        if (!last.equals(vm.id())) {
          LOG.debug("VM {}: its copy to {} waits for that of VM {}", vm.id(), place, last);
          return false;
        }
        copiedTo.put(store, vm.id());
        return true;
      }
    } catch (IOException failed) {
      throw Faults.unreadable(place, failed);
    }
  }

  private static void requireRoom(DesiredVm vm, Path file, Path folder, boolean stays) {
    try {
      FileStore store = Files.getFileStore(folder);
      long reserve = Math.min(RESERVE_BYTES, store.getTotalSpace() / RESERVE_PART);
      long needed = StoredBytes.of(file) + ROOM_BYTES + reserve;
      long free = store.getUsableSpace();
      if (free < needed) {
        throw Problem.of(ErrorCode.DISK_FULL, doing(vm))
            .detail(
                "What its guest has written is copied: that needs %s below %s, and there is %s."
                    .formatted(ByteSize.show(needed), folder, ByteSize.show(free)))
            .next(
                stays
                    ? "Make room, or stop the VM: then nothing is copied."
                    : "Make room, or choose another folder.")
            .asException();
      }
    } catch (IOException failed) {
      throw Faults.unreadable(file, failed);
    }
  }

  /**
   * Makes the copy of a disk whose VM has no domain, and gets none meanwhile: whole on the storage,
   * and its owner's.
   */
  @FunctionalInterface
  interface Work {
    void copy(Path to);
  }

  /**
   * A disk without a domain goes on in a copy in another folder.
   *
   * @return false if it has to wait for another's
   */
  boolean copyStopped(DesiredVm wanted, int disk, DesiredDisk standing, Work work) {
    DesiredVm vm = wanted.withDisks(current(wanted).disks());
    VmDisk present = VmDisk.of(vm, tools.folder(vm.id()), disk);
    if (!mayCopyTo(vm, standing)) {
      return false;
    }
    try {
      DiskCopy files = prepare(wanted, disk, standing, present);
      LayerTools.remove(files.to());
      work.copy(files.to());
      syncFolderOf(files.to());
      tools.records().update(wanted, Layers::goneOver);
      return conclude(wanted, Optional.empty());
    } finally {
      leave(vm.id());
    }
  }

  private static void syncFolderOf(Path file) {
    try {
      DurableFile.syncFolder(Objects.requireNonNull(file.getParent()));
    } catch (IOException failed) {
      throw Faults.unwritable(file, failed);
    }
  }

  private boolean goOver(DesiredVm wanted, DomainStatus domain, Copy copy, DiskCopy files) {
    boolean hold = domain.state() == DomainState.RUNNING;
    Instant from = tools.records().now();
    // Of a guest that is paused anyway, too: whoever lets it go on looks first what came of this.
    tools.records().update(wanted, layers -> layers.copying(copy.holding()));
    if (hold) {
      tools.hypervisor().pause(wanted.id());
    }
    boolean over;
    try {
      over = tools.hypervisor().goOver(wanted.id(), files);
    } catch (RatoonException unclear) {
      // Only the domain knows what came of it.
      LOG.warn("VM {}: {}", wanted.id(), unclear.problem().oneLine());
      settle(wanted);
      return false;
    }
    if (over) {
      // Killed since then it has not written to the copy, and the file before is the disk.
      boolean isDisk = conclude(wanted, tools.hypervisor().domain(wanted.id()));
      Duration held = hold ? Duration.between(from, tools.records().now()) : Duration.ZERO;
      LOG.info("VM {}: went over to {}, held for {} ms", wanted.id(), files.to(), held.toMillis());
      return isDisk;
    }
    if (hold) {
      goOn(wanted);
    }
    tools.records().update(wanted, layers -> layers.copying(copy));
    return false;
  }

  /**
   * Leaves one file of each disk, whatever was under way, and a guest that goes on if it was held
   * for that.
   *
   * @throws RatoonException {@code wrong-state} if the hypervisor contradicts itself: the guest is
   *     left held then, and both files have all that it wrote
   */
  void settle(DesiredVm wanted) {
    Optional<Copy> copy = current(wanted).copy();
    if (copy.isEmpty()) {
      leave(wanted.id());
      return;
    }
    if (!copy.get().over()) {
      hold(wanted, copy.get());
      tools.hypervisor().endCopy(wanted.id(), files(wanted, copy.get()));
    }
    boolean _ = conclude(wanted, tools.hypervisor().domain(wanted.id()));
  }

  /**
   * A guest that writes without end would keep a copy that is whole from ending. One that a process
   * before this was about to hold may run still.
   */
  private void hold(DesiredVm wanted, Copy copy) {
    boolean runs =
        tools
            .hypervisor()
            .domain(wanted.id())
            .filter(domain -> domain.state() == DomainState.RUNNING)
            .isPresent();
    if (runs) {
      tools.records().update(wanted, layers -> layers.copying(copy.holding()));
      tools.hypervisor().pause(wanted.id());
    }
  }

  /** A guest finds no room: a copy of its disk goes, unless that is on its way to where some is. */
  void makeRoom(DesiredVm wanted) {
    Optional<Copy> copy = current(wanted).copy();
    if (copy.filter(known -> known.held() || known.over() || isBeside(files(wanted, known)))
        .isPresent()) {
      settle(wanted);
    }
  }

  /** Whether both take room of one file system. */
  private static boolean isBeside(DiskCopy files) {
    try {
      return storeOf(files.from()).equals(storeOf(files.to()));
    } catch (IOException gone) {
      return true;
    }
  }

  private static FileStore storeOf(Path file) throws IOException {
    return Files.getFileStore(Objects.requireNonNull(file.getParent()));
  }

  /**
   * Before a guest that is held goes on: it never writes to a file that the record does not name.
   */
  void settleBeforeResume(DesiredVm wanted) {
    Optional<Copy> copy = current(wanted).copy().filter(known -> !known.over());
    boolean unsure = copy.filter(known -> known.held() || !isKnown(wanted, known)).isPresent();
    if (unsure) {
      settle(wanted);
    }
  }

  /** Whether the hypervisor makes the copy still, and the domain has not gone over. */
  private boolean isKnown(DesiredVm wanted, Copy copy) {
    DiskCopy files = files(wanted, copy);
    return tools.hypervisor().copyState(wanted.id(), files) != DiskWork.CopyState.NONE;
  }

  /** What was asked before is done, or given up. */
  void forget(VmId id) {
    tries.remove(id);
    leave(id);
  }

  /**
   * Nothing is under way any more: one file is left.
   *
   * @return whether that is the copy
   */
  private boolean conclude(DesiredVm wanted, Optional<DomainStatus> domain) {
    Copy copy = current(wanted).copy().orElseThrow();
    DiskCopy files = files(wanted, copy);
    boolean over = copy.over();
    if (!over && domain.filter(now -> now.overlays().contains(files.to())).isPresent()) {
      requireParent(wanted, copy, files.to());
      tools.records().update(wanted, Layers::goneOver);
      over = true;
    }
    if (!over && ImageLocks.isWritten(files.to())) {
      throw Problem.of(ErrorCode.WRONG_STATE, doing(wanted))
          .detail(
              "Its hypervisor says that the domain writes %s, but it has %s open, too."
                  .formatted(files.from(), files.to()))
          .next("Nothing is lost. Stop the VM and start it, then it is clear again.")
          .asException();
    }
    if (!over) {
      remove(wanted, files.to());
    }
    if (copy.held() && domain.isPresent()) {
      goOn(wanted);
    }
    if (over) {
      requireCopy(wanted, files.to());
      remove(wanted, files.from());
    }
    tools.records().update(wanted, Layers::notCopying);
    leave(wanted.id());
    return over;
  }

  /**
   * A folder whose file system has gone keeps what nobody needs of it: the VM shall not wait for
   * that. It goes with the VM.
   */
  private void remove(DesiredVm wanted, Path file) {
    if (!tools.folders().isThere(wanted.id(), file)) {
      LOG.warn("VM {}: {} is not mounted, and not removed", wanted.id(), file);
      return;
    }
    LayerTools.remove(file);
    tools.folders().removeIfEmpty(wanted.id(), file);
  }

  /** Before the last but one file of a disk goes, it is looked whether the last is there. */
  private void requireCopy(DesiredVm vm, Path to) {
    tools.folders().requireThere(vm.id(), to);
    if (!Files.exists(to)) {
      throw Problem.of(ErrorCode.WRONG_STATE, doing(vm))
          .detail("Its copy " + to + " is the disk, and is gone.")
          .next("The file before is kept. Bring the copy back, from a backup for example.")
          .asException();
    }
  }

  /** The file before is removed only for a copy that stands on the base that it was made on. */
  private static void requireParent(DesiredVm vm, Copy copy, Path to) {
    if (!Qcow2Header.read(to).parentId().equals(copy.next().base())) {
      throw Problem.of(ErrorCode.OVERLAY_ALTERED, doing(vm))
          .detail("The header of the copy " + to + " does not name the base that it was made on.")
          .next("Both files are kept, and the guest is held. Somebody changed it outside Ratoon.")
          .asException();
    }
  }

  private void goOn(DesiredVm wanted) {
    if (wanted.power() == DesiredPower.RUNNING) {
      tools.hypervisor().resume(wanted.id());
    }
  }

  private DiskCopy files(DesiredVm wanted, Copy copy) {
    Path folder = tools.folder(wanted.id());
    List<DesiredDisk> disks = new ArrayList<>(current(wanted).disks());
    disks.set(copy.disk(), copy.next());
    Path next = VmDisk.of(wanted.withDisks(disks), folder, copy.disk()).file();
    return new DiskCopy(folder.resolve(copy.before()), next);
  }

  private Layers current(DesiredVm vm) {
    return tools.records().update(vm, layers -> layers);
  }

  private static String doing(DesiredVm vm) {
    return "moving a disk of VM '" + vm.name() + "'";
  }
}
