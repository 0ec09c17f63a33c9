package dev.ratoon.agent.vm;

import dev.ratoon.agent.console.ConsoleWatch;
import dev.ratoon.agent.hypervisor.DomainSpec;
import dev.ratoon.agent.hypervisor.DomainSpec.KeptDefinition;
import dev.ratoon.agent.hypervisor.DomainStatus;
import dev.ratoon.agent.hypervisor.FileOwner;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.hypervisor.HypervisorEvent.Ending;
import dev.ratoon.agent.hypervisor.HypervisorFacts;
import dev.ratoon.agent.share.HostCaches;
import dev.ratoon.agent.vm.VmRecord.MadeFiles;
import dev.ratoon.agent.vm.VmRecord.Run;
import dev.ratoon.agent.work.Timeline;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.VmReport;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The deeds behind {@link VmAction}. Each can be killed half-way and done again. The record of a VM
 * is written before its first file is made and after the last is whole, and before a start is
 * reported.
 */
final class VmWork {
  private static final Logger LOG = LoggerFactory.getLogger(VmWork.class);
  private static final Set<ErrorCode> REFUSALS =
      EnumSet.of(
          ErrorCode.HYPERVISOR_REFUSED, ErrorCode.NETWORK_MISSING, ErrorCode.FIRMWARE_MISSING);

  private final Hypervisor hypervisor;
  private final HostCaches caches;
  private final VmBases bases;
  private final VmLayers layers;
  private final MachineTypes machines;
  private final VmReports reports;
  private final VmFolders folders;
  private final TakingOver takingOver;
  private final ConsoleWatch consoles;
  private final SshPorts sshPorts;
  private final VmLedger ledger;

  /**
   * VMs whose files this very process made, and of which it is certain that no guest has seen them.
   */
  private final Set<VmId> unseen = ConcurrentHashMap.newKeySet();

  private final Starts starts = new Starts();
  private final InstantSource clock;
  private final Consumer<VmId> changed;
  private final Map<VmId, VmRecord> records = new ConcurrentHashMap<>();
  private volatile Optional<HypervisorFacts> knownFacts = Optional.empty();
  private final Map<VmId, Timeline> timelines = new ConcurrentHashMap<>();

  VmWork(
      Hypervisor hypervisor,
      Stores stores,
      VmFolders folders,
      VmLedger ledger,
      ConsoleWatch consoles,
      InstantSource clock,
      Consumer<VmId> changed) {
    this.hypervisor = hypervisor;
    this.folders = folders;
    this.caches = stores.caches();
    this.bases = new VmBases(caches, stores.bases(), stores.chosen());
    this.layers = new VmLayers(new LayerTools(hypervisor, caches, bases, folders, new Records()));
    this.machines = new MachineTypes(hypervisor);
    this.reports = new VmReports(hypervisor, caches, folders, layers, machines);
    this.takingOver = new TakingOver(hypervisor, caches, folders);
    this.ledger = ledger;
    this.consoles = consoles;
    this.sshPorts = new SshPorts();
    this.clock = clock;
    this.changed = changed;
    folders.all().forEach(this::reservePort);
  }

  /** Before any port is given away, those are taken that stopped VMs have. */
  private void reservePort(VmId id) {
    try {
      folders.find(id).flatMap(VmRecord::sshPort).ifPresent(sshPorts::taken);
    } catch (RatoonException unreadable) {
      LOG.warn("{}", unreadable.problem().oneLine());
    }
  }

  Timeline timeline(VmId id) {
    return timelines.computeIfAbsent(id, vm -> new Timeline(clock, () -> changed.accept(vm)));
  }

  void changed(VmId id) {
    changed.accept(id);
  }

  Optional<DomainStatus> domain(VmId id) {
    return hypervisor.domain(id);
  }

  /** See {@link Starts#of}. */
  OptionalLong starts(VmId id) {
    return starts.of(id);
  }

  boolean startedHere(VmId id) {
    return ledger.wasStarted(id);
  }

  /** Whether the VM, with the epoch that is wanted here, was given to another host. */
  boolean givenAway(DesiredVm vm) {
    return vm.epoch() < ledger.leavingFor(vm.id());
  }

  /** Gives all files in a folder to whom VMs' disks belong. */
  void own(Path folder) {
    VmFiles files = new VmFiles(caches, facts());
    try (DirectoryStream<Path> all = Files.newDirectoryStream(folder)) {
      all.forEach(files::give);
    } catch (IOException failed) {
      throw Faults.unwritable(folder, failed);
    }
  }

  /** Makes the disks of a VM, its seed and its firmware's variables; see {@link VmFiles}. */
  List<Long> makeFor(DesiredVm vm, Path folder) {
    VmFiles files = new VmFiles(caches, facts());
    List<Long> copied = files.makeDisks(vm, folder, (done, total) -> {});
    files.makeSeedAndVariables(vm, folder);
    return copied;
  }

  /** See {@link VmFiles#domain}. */
  DomainSpec domainOf(DesiredVm vm, VmRecord record, Path folder) {
    return new VmFiles(caches, facts()).domain(vm, record, folder, Optional.empty());
  }

  /** Whom files belong to that a VM writes. */
  FileOwner owner() {
    return facts().owner();
  }

  /** A port that leads to the guest's SSH, if it needs one. */
  Optional<Integer> portFor(DesiredVm vm) {
    boolean forwarded =
        vm.nics().stream().anyMatch(nic -> nic.network() instanceof NetworkAttachment.User);
    return forwarded && vm.takeOver().isEmpty() ? Optional.of(sshPorts.take()) : Optional.empty();
  }

  void giveBackPort(int port) {
    sshPorts.giveBack(port);
  }

  /** What is known of a VM's files is no longer so: they have come, or have gone. */
  void forget(VmId id) {
    VmRecord gone = records.remove(id);
    if (gone != null) {
      gone.sshPort().ifPresent(sshPorts::giveBack);
    }
    boolean _ = unseen.remove(id);
    timelines.remove(id);
    machines.forget(id);
  }

  boolean hasFolder(VmId id) {
    return folders.has(id);
  }

  /**
   * What is remembered of the VM; something new, not yet written down, for one that was never seen.
   */
  VmRecord record(DesiredVm vm) {
    return records.computeIfAbsent(
        vm.id(),
        id -> {
          VmRecord found =
              folders
                  .find(id)
                  .or(() -> ledger.givenUpRecord(id))
                  .orElseGet(() -> VmRecord.fresh(id, vm.epoch()));
          found.sshPort().ifPresent(sshPorts::taken);
          return found;
        });
  }

  /** What VMs' files need of it, owner and firmware, stays as it is once it is there. */
  private HypervisorFacts facts() {
    Optional<HypervisorFacts> known = knownFacts.filter(facts -> facts.uefi().isPresent());
    if (known.isPresent()) {
      return known.get();
    }
    HypervisorFacts asked = hypervisor.facts();
    knownFacts = Optional.of(asked);
    return asked;
  }

  /** What the clock on the wall says, by which runs are noted. */
  Instant now() {
    return clock.instant();
  }

  /**
   * Makes all files of a VM that has none, or only half-made ones that no guest ever saw.
   *
   * @param waiting runs what may wait for long, so that the wait can be ended
   */
  void makeFiles(DesiredVm vm, VmRecord record, Consumer<Runnable> waiting) {
    if (ledger.wasPurged(vm.id())) {
      throw Problem.of(ErrorCode.WRONG_STATE, "making the disks of VM '" + vm.name() + "'")
          .detail("It was deleted for good on this host, and its disks with it.")
          .next(
              "The server has forgotten that: its database was restored. Delete the VM, and deploy"
                  + " a new one if it is needed.")
          .asException();
    }
    Timeline timeline = timeline(vm.id());
    VmFiles files = new VmFiles(caches, facts());
    timeline.step(
        "base",
        () ->
            waiting.accept(
                () -> bases.ready(vm, (done, total) -> timeline.progress("base", done, total))));
    timeline.step(
        "disk",
        () -> {
          Path folder = folders.makeAnew(record);
          List<Long> copied =
              files.makeDisks(vm, folder, (done, total) -> timeline.progress("disk", done, total));
          files.makeSeedAndVariables(vm, folder);
          Optional<Integer> port = portFor(vm);
          update(vm.id(), r -> r.withFiles(new MadeFiles(copied, port)));
          unseen.add(vm.id());
          ledger.forgetGivenUp(vm.id());
        });
  }

  /** What is wanted, with its disks as they stand now, as far as that can be read. */
  DesiredVm standing(DesiredVm wanted) {
    try {
      return record(wanted).standing(wanted);
    } catch (RatoonException unreadable) {
      return wanted;
    }
  }

  /** Whether something is to be done to its disks as layers. */
  boolean isLayeringDue(DesiredVm vm, VmRecord record, Optional<DomainStatus> domain) {
    return layers.isDue(vm, record, domain);
  }

  /** Whether a disk of it is to move, or has come some way. */
  boolean isMoveDue(DesiredVm vm, Optional<DomainStatus> domain) {
    return layers.isMoveDue(vm, record(vm), domain);
  }

  /** Whether that takes so little that who waits for the VM can wait for it, too. */
  boolean isLayeringQuick(DesiredVm vm, VmRecord record) {
    return VmLayers.isQuick(vm, record);
  }

  /** See {@link VmLayers#tend}. */
  Optional<Instant> layer(DesiredVm vm, VmRecord record, Optional<DomainStatus> domain) {
    try {
      return layers.tend(vm, record, domain);
    } finally {
      changed(vm.id());
    }
  }

  /** Makes another's domain, and its disks, the VM's own. */
  void takeOver(DesiredVm vm, VmRecord record) {
    timeline(vm.id())
        .step(
            "take-over",
            () -> {
              MadeFiles files = takingOver.run(vm, record);
              // A guest has written to them: they are never made anew.
              ledger.noteStart(vm.id());
              update(vm.id(), r -> r.withFiles(files));
              ledger.forgetGivenUp(vm.id());
            });
  }

  /** A base that went wrong since the VM's disks were made is brought anew. */
  private void mendBases(DesiredVm vm, Path folder) {
    if (!bases.areReady(vm, folder)) {
      Timeline timeline = timeline(vm.id());
      timeline.step(
          "base",
          () -> bases.mend(vm, folder, (done, total) -> timeline.progress("base", done, total)));
    }
  }

  void start(DesiredVm wanted, VmRecord before, int restarts) {
    Path folder = folders.of(wanted.id());
    long consoleFrom = consoleEnd(folder);
    layers.settleBeforeStart(wanted, before);
    VmRecord record = record(wanted);
    DesiredVm vm = record.standing(wanted);
    mendBases(vm, folder);
    timeline(vm.id())
        .step(
            "start",
            () -> {
              VmRecord reachable = withFreeSshPort(record);
              TakingOver.settle(vm, folder, facts().owner());
              Optional<KeptDefinition> kept =
                  vm.takeOver().isEmpty()
                      ? Optional.empty()
                      : Optional.of(TakingOver.definition(vm, folder, folders.definitions()));
              DomainSpec spec = new VmFiles(caches, facts()).domain(vm, reachable, folder, kept);
              startDomain(spec);
              ledger.noteStart(vm.id());
              update(
                  vm.id(),
                  r ->
                      r.withRun(
                          new Run(
                              vm.powerRevision(),
                              clock.instant(),
                              Optional.empty(),
                              consoleFrom,
                              restarts,
                              Optional.empty())));
            });
    watchConsole(vm.id());
  }

  /** Only a clear refusal leaves it certain that no guest has run on the VM's files. */
  private void startDomain(DomainSpec spec) {
    boolean wasUnseen = unseen.remove(spec.id());
    try {
      starts.count(spec.id(), () -> startUnlessGiven(spec));
    } catch (RatoonException failed) {
      if (wasUnseen && REFUSALS.contains(failed.problem().code())) {
        unseen.add(spec.id());
      }
      throw failed;
    }
  }

  /** Who gives it away writes that down, and then looks whether a start is under way. */
  private void startUnlessGiven(DomainSpec spec) {
    if (spec.epoch() < ledger.leavingFor(spec.id())) {
      throw Problem.of(ErrorCode.WRONG_STATE, "starting VM '" + spec.name() + "'")
          .detail("It was just given to another host.")
          .asException();
    }
    hypervisor.start(spec);
  }

  /** While a VM was stopped, somebody else on the host may have taken its port. */
  private VmRecord withFreeSshPort(VmRecord record) {
    if (record.sshPort().filter(port -> !SshPorts.isFree(port)).isEmpty()) {
      return record;
    }
    int another = sshPorts.take();
    record.sshPort().ifPresent(sshPorts::giveBack);
    return update(record.id(), r -> r.withSshPort(another));
  }

  void noteStarted(DesiredVm vm, VmRecord record) {
    Run known = record.run().filter(run -> run.ended().isEmpty()).orElse(null);
    Run noted =
        known == null
            ? new Run(vm.powerRevision(), clock.instant(), Optional.empty(), 0, 0, Optional.empty())
            : new Run(
                vm.powerRevision(),
                known.startedAt(),
                known.userlandAt(),
                known.consoleFrom(),
                known.restarts(),
                Optional.empty());
    unseen.remove(vm.id());
    ledger.noteStart(vm.id());
    update(vm.id(), r -> r.withRun(noted));
    watchConsole(vm.id());
  }

  VmRecord noteEnding(VmRecord record, Ending how) {
    consoles.forget(record.id());
    return hasFolder(record.id()) ? update(record.id(), r -> r.withEnding(how)) : record;
  }

  /** Gives a start up for this revision. What was made for a guest that never ran is removed. */
  VmRecord giveUp(DesiredVm vm, VmRecord record, Problem why) {
    boolean noGuestRan = !record.disksMade() || unseen.contains(vm.id());
    if (noGuestRan && !record.everStarted() && !record.trashed()) {
      record.sshPort().ifPresent(sshPorts::giveBack);
      folders.removeNeverStarted(vm.id());
      VmRecord withoutFiles = record.withGivenUp(vm.powerRevision(), why).withoutFiles();
      records.put(vm.id(), withoutFiles);
      noteGivenUp(withoutFiles);
      return withoutFiles;
    }
    return update(vm.id(), r -> r.withGivenUp(vm.powerRevision(), why));
  }

  /** On a full disk even this may fail; then the deploy is tried once more after a restart. */
  private void noteGivenUp(VmRecord record) {
    try {
      ledger.noteGivenUp(record);
    } catch (RatoonException unwritable) {
      LOG.warn("VM {}: {}", record.id(), unwritable.problem().oneLine());
    }
  }

  /** What can still be written where the VM's disks lie. */
  long freeBytes(DesiredVm wanted) {
    DesiredVm vm = standing(wanted);
    Path home = folders.of(vm.id());
    return IntStream.range(0, vm.disks().size())
        .mapToObj(disk -> Objects.requireNonNull(VmDisk.of(vm, home, disk).file().getParent()))
        .distinct()
        .mapToLong(VmWork::freeBytes)
        .min()
        .orElse(0);
  }

  private static long freeBytes(Path folder) {
    try {
      return Files.getFileStore(folder).getUsableSpace();
    } catch (IOException failed) {
      throw Faults.unreadable(folder, failed);
    }
  }

  void resume(DesiredVm vm) {
    layers.settleBeforeResume(vm, record(vm));
    timeline(vm.id()).step("resume", () -> hypervisor.resume(vm.id()));
  }

  /** On a full disk what needs room only for a while goes first. */
  void makeRoom(DesiredVm vm) {
    layers.makeRoom(vm, record(vm));
  }

  void pause(VmId id) {
    timeline(id).step("pause", () -> hypervisor.pause(id));
  }

  void askShutdown(VmId id) {
    timeline(id).step("shutdown", () -> hypervisor.shutdown(id));
  }

  void destroy(VmId id) {
    timeline(id).step("switch-off", () -> hypervisor.destroy(id));
  }

  void moveToTrash(DesiredVm vm) {
    VmId id = vm.id();
    consoles.forget(id);
    timeline(id)
        .step(
            "trash",
            () -> {
              if (!vm.takeOver().isEmpty() && folders.find(id).orElseThrow().disksMade()) {
                TakingOver.settle(standing(vm), folders.of(id), facts().owner());
              }
              layers.completeCut(vm, record(vm));
              records.put(id, folders.moveToTrash(id));
            });
  }

  void bringBack(VmId id) {
    timeline(id).step("restore", () -> records.put(id, folders.bringBack(id)));
  }

  void purge(VmId id) {
    consoles.forget(id);
    timeline(id)
        .step(
            "purge",
            () -> {
              folders.purge(id);
              ledger.notePurged(id);
              starts.forget(id);
              machines.forget(id);
              VmRecord gone = records.remove(id);
              if (gone != null) {
                gone.sshPort().ifPresent(sshPorts::giveBack);
              }
            });
  }

  VmReport report(
      DesiredVm vm, VmRecord record, boolean settled, VmState state, Optional<Problem> problem) {
    return reports.of(vm, record, settled, state, timeline(vm.id()).steps(), problem);
  }

  /** See {@link MachineTypes#look}. */
  void lookAtMachine(VmRecord record) {
    machines.look(record);
  }

  /** See {@link VmReports#refreshed}. */
  VmReport refreshed(DesiredVm vm, VmReport last) {
    VmRecord record = records.getOrDefault(vm.id(), VmRecord.fresh(vm.id(), vm.epoch()));
    return reports.refreshed(vm, record, last, () -> timeline(vm.id()).steps());
  }

  /** Changes what is remembered, for good when this returns. Safe from any thread. */
  private VmRecord update(VmId id, UnaryOperator<VmRecord> change) {
    VmRecord updated =
        records.computeIfPresent(
            id,
            (same, before) -> {
              VmRecord after = change.apply(before);
              if (!after.equals(before) && hasFolder(same)) {
                folders.save(after);
              }
              return after;
            });
    return Objects.requireNonNull(updated, () -> "VM " + id + " has no record");
  }

  /** What layers are worked at with. */
  private final class Records implements LayerTools.Records {

    @Override
    public Layers update(DesiredVm vm, UnaryOperator<Layers> change) {
      VmRecord updated =
          VmWork.this.update(
              vm.id(),
              r -> {
                Layers before = r.layers().orElseGet(() -> Layers.of(vm.disks()));
                Layers after = change.apply(before);
                return after.equals(before) ? r : r.withLayers(after);
              });
      return updated.layers().orElseGet(() -> Layers.of(vm.disks()));
    }

    @Override
    public Timeline timeline(VmId id) {
      return VmWork.this.timeline(id);
    }

    @Override
    public FileOwner owner() {
      return facts().owner();
    }

    @Override
    public Instant now() {
      return clock.instant();
    }
  }

  private void userlandSeen(VmId id, Instant at) {
    if (records.containsKey(id)) {
      update(id, r -> r.withUserland(at));
      changed(id);
    }
  }

  private static long consoleEnd(Path folder) {
    Path log = folder.resolve(VmFiles.CONSOLE);
    try {
      return Files.exists(log) ? Files.size(log) : 0;
    } catch (IOException gone) {
      return 0;
    }
  }

  /** Watches until the userland is seen; one that is watched already goes on being watched. */
  void watchConsole(VmId id) {
    VmRecord record = records.get(id);
    Optional<Run> run = record == null ? Optional.empty() : record.run();
    if (run.filter(r -> r.userlandAt().isEmpty()).isPresent()) {
      Path log = folders.of(id).resolve(VmFiles.CONSOLE);
      consoles.await(id, log, run.get().consoleFrom(), seen -> userlandSeen(id, seen));
    }
  }
}
