package dev.ratoon.agent.vm;

import dev.ratoon.agent.bases.Bases;
import dev.ratoon.agent.host.DurableFile;
import dev.ratoon.agent.hypervisor.DomainSpec;
import dev.ratoon.agent.hypervisor.DomainState;
import dev.ratoon.agent.hypervisor.DomainStatus;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.hypervisor.LiveMigration.Sockets;
import dev.ratoon.agent.move.MovingVms;
import dev.ratoon.agent.share.HostCaches;
import dev.ratoon.agent.vm.VmRecord.MadeFiles;
import dev.ratoon.agent.vm.VmRecord.Run;
import dev.ratoon.cache.Base;
import dev.ratoon.disk.Backing;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.disk.qcow2.Qcow2Layer;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.DesiredVm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What migrations do to VMs of this host.
 *
 * <p>What comes lies in a folder of its own, {@code vms/.coming-ID}, and is nothing but that until
 * the desired state gives the VM to this host: then the folder gets the VM's name. What goes stays
 * in the VM's folder until the server says that it lives elsewhere. In between, the ledger's word
 * that it was given away keeps anything from starting it: it is written before the first byte
 * leaves, and only a newer epoch outweighs it.
 */
final class VmMoves implements MovingVms {
  private static final Logger LOG = LoggerFactory.getLogger(VmMoves.class);
  private static final String DEFINITION = "definition.xml";
  private static final long MOST_SMALL_BYTES = 64L << 20;

  private final Hypervisor hypervisor;
  private final HostCaches caches;
  private final VmBases bases;
  private final VmFolders folders;
  private final VmLedger ledger;
  private final VmWork work;

  VmMoves(Hypervisor hypervisor, Stores stores, VmFolders folders, VmLedger ledger, VmWork work) {
    this.hypervisor = hypervisor;
    this.caches = stores.caches();
    this.bases = new VmBases(caches, stores.bases(), stores.chosen());
    this.folders = folders;
    this.ledger = ledger;
    this.work = work;
  }

  @Override
  public void bringBases(DesiredVm vm, Bases.Progress progress) {
    requireNone(vm);
    bring(vm, progress);
  }

  /** A VM comes to where nothing of it is: which of two would be the newer one nobody could say. */
  private void requireNone(DesiredVm vm) {
    if (folders.has(vm.id()) || work.domain(vm.id()).isPresent()) {
      throw occupied("bringing VM '" + vm.name() + "' here");
    }
  }

  private static RatoonException occupied(String doing) {
    return Problem.of(ErrorCode.WRONG_STATE, doing)
        .detail("There is a VM of this id here already.")
        .next("It is left as it is.")
        .asException();
  }

  private void bring(DesiredVm vm, Bases.Progress progress) {
    bases.ready(vm, progress);
    for (int i = 0; i < vm.disks().size(); i++) {
      VmDisk disk = VmDisk.of(vm, folders.coming(vm.id()), i);
      if (disk.isChild()) {
        Base _ = caches.use(disk.wanted().base().orElseThrow());
      }
    }
  }

  @Override
  public boolean hasCome(DesiredVm vm) {
    return folders.come(vm.id()).filter(record -> record.epoch() == vm.epoch()).isPresent();
  }

  @Override
  public Path begin(DesiredVm vm) {
    requireNone(vm);
    giveBackPort(vm.id());
    return folders.comingAnew(vm.id());
  }

  @Override
  public List<Expected> expected(DesiredVm vm) {
    List<Expected> files = new ArrayList<>();
    for (int i = 0; i < vm.disks().size(); i++) {
      VmDisk disk = VmDisk.of(vm, Path.of(""), i);
      long size = disk.wanted().sizeBytes();
      // Of a raw file the last sector may reach beyond; qcow2 has tables, and may have leaked some.
      long most =
          disk.format() == DiskFormat.RAW
              ? size + MOST_SMALL_BYTES
              : size + size / 4 + MOST_SMALL_BYTES;
      files.add(new Expected(disk.file().toString(), most, false));
    }
    boolean kept = !vm.takeOver().isEmpty();
    boolean variables =
        kept ? vm.takeOver().size() > vm.disks().size() : vm.firmware() == Firmware.UEFI;
    files.add(new Expected(VmFiles.SEED, MOST_SMALL_BYTES, kept));
    files.add(new Expected(VmFiles.VARIABLES, MOST_SMALL_BYTES, !variables));
    files.add(new Expected(DEFINITION, MOST_SMALL_BYTES, !kept));
    return files;
  }

  @Override
  public void complete(DesiredVm vm) {
    Path folder = folders.coming(vm.id());
    for (int i = 0; i < vm.disks().size(); i++) {
      VmDisk disk = VmDisk.of(vm, folder, i);
      requireSelfContained(disk);
      if (disk.isChild()) {
        Base base = caches.use(disk.wanted().base().orElseThrow());
        VirtualDisks.relink(
            disk.file(),
            disk.format(),
            new Backing(base.path(), base.format(), Optional.empty(), Optional.of(base.id())));
      }
      Optional<Base> _ = disk.parent(caches);
    }
    keepDefinition(vm, folder);
    work.own(folder);
    folders.hasCome(
        VmRecord.fresh(vm.id(), vm.epoch())
            .withFiles(
                new MadeFiles(Collections.nCopies(vm.disks().size(), 0L), work.portFor(vm))));
  }

  /** Its data is in it. What it stands on is made right, or refused, after that. */
  private static void requireSelfContained(VmDisk disk) {
    if (disk.format() == DiskFormat.QCOW2) {
      try (ImageFile file = ImageFile.open(disk.file());
          Qcow2Layer _ = Qcow2Layer.open(file, false)) {
        LOG.debug("{} is self-contained", disk.file());
      }
    }
  }

  private void keepDefinition(DesiredVm vm, Path folder) {
    Path came = folder.resolve(DEFINITION);
    try {
      if (Files.exists(came)) {
        Files.createDirectories(folders.definitions());
        DurableFile.write(definition(vm.id()), Files.readString(came));
        Files.delete(came);
      }
    } catch (IOException failed) {
      throw Faults.unwritable(definition(vm.id()), failed);
    }
  }

  private Path definition(VmId id) {
    return folders.definitions().resolve(id + ".xml");
  }

  @Override
  public void discard(VmId id, long epoch) {
    giveBackPort(id);
    removePrepared(id, epoch);
    folders.discardComing(id, epoch);
    folders.removeSockets(id);
    if (!folders.has(id)) {
      removeDefinition(id);
    }
  }

  /** A domain that waits for a guest of this very epoch, and the disks under it: nobody's yet. */
  private void removePrepared(VmId id, long epoch) {
    if (folders.find(id).filter(record -> record.epoch() == epoch).isEmpty()) {
      return;
    }
    if (hasArrived(id, epoch) || runs(id)) {
      throw Problem.of(ErrorCode.WRONG_STATE, "removing what came of VM " + id)
          .detail("Its guest has come here: the disks may hold what no other host has.")
          .next("They are left as they are.")
          .asException();
    }
    folders.arriving(id).flatMap(VmRecord::sshPort).ifPresent(work::giveBackPort);
    if (work.domain(id).isPresent()) {
      hypervisor.destroy(id);
    }
    folders.purge(id);
    work.forget(id);
  }

  private void giveBackPort(VmId id) {
    try {
      folders.come(id).flatMap(VmRecord::sshPort).ifPresent(work::giveBackPort);
    } catch (RatoonException unreadable) {
      LOG.warn("{}", unreadable.problem().oneLine());
    }
  }

  private void removeDefinition(VmId id) {
    try {
      boolean _ = Files.deleteIfExists(definition(id));
    } catch (IOException failed) {
      throw Faults.unwritable(definition(id), failed);
    }
  }

  /** Makes what has come for this epoch the VM's, if anything has. */
  void takeIn(DesiredVm vm) {
    if (folders.takeIn(vm.id(), vm.epoch())) {
      work.forget(vm.id());
      LOG.info("VM {}: has come from another host", vm.name());
    }
  }

  @Override
  public List<Given> leave(DesiredVm vm) {
    VmId id = vm.id();
    String doing = "giving VM '" + vm.name() + "' to another host";
    if (folders.place(id) != VmFolders.Place.LIVE || !folders.find(id).orElseThrow().disksMade()) {
      throw Problem.of(ErrorCode.NOT_FOUND, doing).detail("It has no files here.").asException();
    }
    requireNoDomain(id, doing);
    requireSettled(id, doing);
    ledger.noteLeaving(id, vm.epoch());
    // A start that began before that was written shows now; a later one reads it.
    requireNoDomain(id, doing);
    Path folder = folders.of(id);
    if (!vm.takeOver().isEmpty()) {
      TakingOver.settle(vm, folder, work.owner());
    }
    List<Given> files = new ArrayList<>();
    Map<String, Path> elsewhere = elsewhere(vm, folder);
    for (Expected file : expected(vm)) {
      Path path =
          file.name().equals(DEFINITION)
              ? definition(id)
              : elsewhere.getOrDefault(file.name(), folder.resolve(file.name()));
      if (Files.exists(path)) {
        files.add(new Given(file.name(), path));
      }
    }
    return files;
  }

  /** The disks that do not lie in the VM's folder, by what the other host calls them. */
  private Map<String, Path> elsewhere(DesiredVm vm, Path folder) {
    DesiredVm here = folders.find(vm.id()).orElseThrow().standing(vm);
    Map<String, Path> files = new HashMap<>();
    for (int i = 0; i < Math.min(vm.disks().size(), here.disks().size()); i++) {
      if (here.disks().get(i).folder().isPresent()) {
        Path file = VmDisk.of(here, folder, i).file();
        folders.requireThere(vm.id(), file);
        files.put(VmDisk.of(vm, Path.of(""), i).file().toString(), file);
      }
    }
    return files;
  }

  @Override
  public boolean hasArrived(DesiredVm vm) {
    return hasArrived(vm.id(), vm.epoch());
  }

  private boolean hasArrived(VmId id, long epoch) {
    return folders
        .find(id)
        .filter(record -> record.epoch() == epoch && record.disksMade())
        .isPresent();
  }

  @Override
  public synchronized void noteArrived(DesiredVm vm) {
    if (!hasArrived(vm)) {
      folders.arrive(vm.id());
      // What was known of it before was that it has no disks.
      work.forget(vm.id());
    }
  }

  @Override
  public boolean runs(VmId id) {
    return work.domain(id).filter(domain -> domain.state() == DomainState.RUNNING).isPresent();
  }

  @Override
  public DomainSpec receiving(DesiredVm vm, Optional<Boot> boot) {
    String doing = "preparing for the guest of VM '" + vm.name() + "'";
    requireEmpty(vm, doing);
    bring(vm, (done, total) -> {});
    VmRecord record = VmRecord.fresh(vm.id(), vm.epoch());
    Path folder = folders.makeAnew(record);
    work.forget(vm.id());
    VmRecord made = record.withFiles(new MadeFiles(work.makeFor(vm, folder), work.portFor(vm)));
    folders.saveArriving(boot.map(known -> made.withRun(run(known))).orElse(made));
    own(folders.socketsAnew(vm.id()));
    return work.domainOf(vm, made, folder);
  }

  /** It answers no request of this host's: that its guest runs is noted when it has come. */
  private static Run run(Boot boot) {
    return new Run(0, boot.startedAt(), boot.userlandAt(), 0, boot.restarts(), Optional.empty());
  }

  @Override
  public Optional<Boot> boot(VmId id) {
    return folders
        .find(id)
        .flatMap(VmRecord::run)
        .filter(run -> run.ended().isEmpty())
        .map(run -> new Boot(run.startedAt(), run.userlandAt(), run.restarts()));
  }

  /** What an earlier try has left may go; what a guest runs on, and another owner's files, not. */
  private void requireEmpty(DesiredVm vm, String doing) {
    Optional<DomainStatus> domain = work.domain(vm.id());
    boolean others = folders.find(vm.id()).filter(r -> r.epoch() != vm.epoch()).isPresent();
    if (others || runs(vm.id()) || domain.filter(left -> left.epoch() != vm.epoch()).isPresent()) {
      throw occupied(doing);
    }
    discard(vm.id(), vm.epoch());
  }

  @Override
  public Sockets sending(DesiredVm vm) {
    requireOneFile(vm.id(), "sending the guest of VM '" + vm.name() + "'");
    ledger.noteLeaving(vm.id(), vm.epoch());
    own(folders.socketsAnew(vm.id()));
    return sockets(vm.id());
  }

  @Override
  public Sockets sockets(VmId id) {
    Path folder = folders.sockets(id);
    return new Sockets(folder.resolve("memory"), folder.resolve("disks"));
  }

  @Override
  public void own(Path file) {
    try {
      work.owner().own(file);
    } catch (IOException failed) {
      throw Faults.unwritable(file, failed);
    }
  }

  @Override
  public void removeSockets(VmId id) {
    folders.removeSockets(id);
  }

  @Override
  public void left(VmId id) {
    if (work.domain(id).filter(domain -> domain.state() == DomainState.PAUSED).isPresent()) {
      hypervisor.destroy(id);
    }
  }

  @Override
  public void stays(VmId id) {
    if (work.domain(id).filter(domain -> domain.state() == DomainState.PAUSED).isPresent()) {
      hypervisor.resume(id);
    }
  }

  /** Its files name bases, and nothing that stays in its folder here. */
  private void requireSettled(VmId id, String doing) {
    if (folders.find(id).flatMap(VmRecord::layers).filter(each -> !each.isSettled()).isPresent()) {
      throw Problem.of(ErrorCode.BUSY, doing)
          .detail("Its disks were frozen while it ran, and are being put in order.")
          .asException();
    }
  }

  private void requireOneFile(VmId id, String doing) {
    if (folders
        .find(id)
        .flatMap(VmRecord::layers)
        .filter(each -> each.cut().isPresent() || each.copy().isPresent())
        .isPresent()) {
      throw Problem.of(ErrorCode.BUSY, doing)
          .detail("Its disks are being frozen, or moved.")
          .asException();
    }
  }

  private void requireNoDomain(VmId id, String doing) {
    if (work.starts(id).isEmpty() || work.domain(id).isPresent()) {
      throw Problem.of(ErrorCode.BUSY, doing).detail("It has not stopped yet.").asException();
    }
  }

  @Override
  public void remove(VmId id, long epoch) {
    Optional<DomainStatus> domain = hypervisor.domain(id);
    if (domain.filter(left -> left.epoch() < epoch).isPresent()) {
      hypervisor.destroy(id);
    }
    boolean ours = domain.filter(known -> known.epoch() >= epoch).isPresent();
    if (!ours && folders.find(id).filter(record -> record.epoch() < epoch).isPresent()) {
      folders.purge(id);
      removeDefinition(id);
      work.forget(id);
    }
  }
}
