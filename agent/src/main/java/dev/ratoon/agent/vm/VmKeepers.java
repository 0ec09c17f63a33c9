package dev.ratoon.agent.vm;

import dev.ratoon.agent.console.ConsoleLog;
import dev.ratoon.agent.console.ConsoleWatch;
import dev.ratoon.agent.host.HostFolders;
import dev.ratoon.agent.host.SteadyClock;
import dev.ratoon.agent.hypervisor.DomainStatus;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.hypervisor.HypervisorEvent;
import dev.ratoon.agent.move.MovingVms;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.DiskPart;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.AgentLink.ConsoleText;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.DiskStream;
import dev.ratoon.protocol.agent.Findings.BlockJob;
import dev.ratoon.protocol.agent.Findings.Leftover;
import dev.ratoon.protocol.agent.Findings.Stray;
import dev.ratoon.protocol.agent.VmReport;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All VMs of this host, each with its keeper. */
public final class VmKeepers implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(VmKeepers.class);
  private static final int NAMES_SHOWN = 10;

  private final Hypervisor hypervisor;
  private final VmFolders folders;
  private final StrayFiles stray;
  private final ConsoleWatch consoles;
  private final VmWork work;
  private final VmExports exports;
  private final VmMoves moves;
  private final InstantSource steady;
  private final Hypervisor.Subscription events;
  private final Map<VmId, VmKeeper> keepers = new ConcurrentHashMap<>();

  /**
   * @param changed hears which VM is no longer as it was last reported; must return at once
   */
  public VmKeepers(
      Hypervisor hypervisor,
      Stores stores,
      HostFolders host,
      InstantSource clock,
      Consumer<VmId> changed) {
    this.hypervisor = hypervisor;
    this.folders = new VmFolders(host);
    this.stray = new StrayFiles(folders);
    this.consoles = new ConsoleWatch(clock);
    folders.sweep();
    VmLedger ledger = new VmLedger(host);
    this.work = new VmWork(hypervisor, stores, folders, ledger, consoles, clock, changed);
    this.moves = new VmMoves(hypervisor, stores, folders, ledger, work);
    this.exports = new VmExports(work, folders, stores.caches());
    this.steady = new SteadyClock(clock);
    this.events = hypervisor.listen(this::on);
  }

  /**
   * Takes up what shall be. A VM of which the list does not speak is left as it is: its keeper goes
   * only when the VM has neither folder nor domain any more.
   */
  public void want(Collection<DesiredVm> vms) {
    Set<VmId> wanted = new HashSet<>();
    for (DesiredVm told : vms) {
      DesiredVm vm = told.anywhere();
      wanted.add(vm.id());
      VmKeeper known = keepers.get(vm.id());
      if (known != null) {
        known.want(vm);
      } else {
        takeUp(vm);
      }
    }
    for (VmId id : List.copyOf(keepers.keySet())) {
      if (!wanted.contains(id)) {
        VmKeeper unwanted = keepers.get(id);
        if (unwanted != null) {
          // In this order: what is about to need a base is among those who are asked.
          unwanted.close();
          keepers.remove(id);
        }
      }
    }
  }

  /** One that has come and cannot be taken in is left alone: what else is here of it is stale. */
  private void takeUp(DesiredVm vm) {
    try {
      moves.takeIn(vm);
    } catch (RatoonException failed) {
      LOG.error("VM {} is not kept: {}", vm.name(), failed.problem().oneLine());
      return;
    }
    VmKeeper made = new VmKeeper(vm, work, steady);
    keepers.put(vm.id(), made);
    made.start();
  }

  public Optional<VmReport> report(VmId id) {
    VmKeeper keeper = keepers.get(id);
    return keeper == null ? Optional.empty() : keeper.report();
  }

  public List<VmReport> reports() {
    return keepers.values().stream().flatMap(k -> k.report().stream()).toList();
  }

  /** Whether every VM that is kept was looked at, so that a whole report speaks of all of them. */
  public boolean allReport() {
    return keepers.values().stream().allMatch(k -> k.report().isPresent());
  }

  /** What migrations do to VMs here. */
  public MovingVms moving() {
    return moves;
  }

  /** The names of the VMs here whose disks are children of this base, those in the trash too. */
  public List<String> standingOn(DiskId base) {
    return keepers.values().stream()
        .map(VmKeeper::wanted)
        .map(work::standing)
        .filter(vm ->
            vm.disks().stream()
                .anyMatch(disk -> disk.differencing() && disk.base().equals(Optional.of(base))))
        .map(vm -> vm.name().text())
        .sorted()
        .toList();
  }

  /**
   * VMs with files or a domain here of which nobody speaks: kept as they are.
   *
   * @param coming those that come or go, of which that is known
   */
  public List<Stray> strays(Set<VmId> coming) {
    Map<VmId, DomainStatus> domains =
        hypervisor.domains().stream().collect(Collectors.toMap(DomainStatus::id, domain -> domain));
    return Stream.concat(folders.all().stream(), domains.keySet().stream())
        .filter(id -> !keepers.containsKey(id) && !coming.contains(id))
        .distinct()
        .sorted()
        .map(id -> stray.of(id, Optional.ofNullable(domains.get(id))))
        .toList();
  }

  /** What lies among the VMs' folders and belongs to none. */
  public List<Leftover> leftovers() {
    return stray.leftovers();
  }

  /** What the hypervisor does to disks of domains. */
  public List<BlockJob> blockJobs() {
    return hypervisor.blockJobs().stream()
        .map(job ->
            new BlockJob(job.id(), job.disk().toString(), job.kind(), job.done(), job.total()))
        .toList();
  }

  /** See {@link dev.ratoon.agent.adopt.Standing}. */
  public List<String> standingOn(Set<Path> files, Set<DiskId> ids) {
    return new Children(folders).on(files, ids, standing());
  }

  private List<DesiredVm> standing() {
    return keepers.values().stream().map(VmKeeper::wanted).map(work::standing).toList();
  }

  /** Why the base in these files must stay here, in words; empty if no VM needs it. */
  public Optional<String> needing(DiskId id, Collection<Path> files) {
    return inWords(standingOn(Set.copyOf(files), Set.of(id)));
  }

  /** Why the base must stay where others than this folder have it. */
  public Optional<String> needingElsewhere(DiskId id, Path folder) {
    return inWords(new Children(folders).elsewhere(id, folder, standing()));
  }

  private static Optional<String> inWords(List<String> names) {
    int more = names.size() - NAMES_SHOWN;
    return names.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "On it stand: "
                + String.join(", ", names.stream().limit(NAMES_SHOWN).toList())
                + (more > 0 ? " and " + more + " more." : "."));
  }

  /** See {@link dev.ratoon.protocol.agent.AgentLink#console}. */
  public ConsoleText console(VmId id, long offset, Duration wait) throws InterruptedException {
    if (!work.hasFolder(id)) {
      throw Problem.of(ErrorCode.NOT_FOUND, "reading the console of VM " + id)
          .detail("It has no files on this host yet.")
          .asException();
    }
    return ConsoleLog.read(folders.of(id).resolve(VmFiles.CONSOLE), offset, wait);
  }

  /** See {@link dev.ratoon.protocol.agent.AgentLink#disk}. */
  public DiskStream disk(VmId id, int disk, DiskPart part, boolean packed) {
    VmKeeper keeper = keepers.get(id);
    if (keeper == null) {
      throw Problem.of(ErrorCode.NOT_FOUND, "exporting disk " + disk + " of VM " + id)
          .detail("It is not on this host.")
          .asException();
    }
    return exports.open(keeper.wanted(), disk, part, packed);
  }

  /** Stops keeping. The VMs run on. */
  @Override
  public void close() {
    events.close();
    consoles.close();
    keepers.values().forEach(VmKeeper::close);
  }

  private void on(HypervisorEvent event) {
    switch (event) {
      case HypervisorEvent.DomainEnded(VmId id, HypervisorEvent.Ending how) -> {
        VmKeeper keeper = keepers.get(id);
        if (keeper != null) {
          keeper.ended(how);
        }
      }
      case HypervisorEvent.DomainStarted(VmId id) -> resumed(id);
      case HypervisorEvent.DomainPaused(VmId id, HypervisorEvent.PauseReason reason) -> {
        VmKeeper keeper = keepers.get(id);
        if (keeper != null) {
          keeper.held(reason);
        }
      }
      case HypervisorEvent.DomainResumed(VmId id) -> resumed(id);
      case HypervisorEvent.ConnectionBack() -> keepers.values().forEach(VmKeeper::hypervisorBack);
      case HypervisorEvent.ConnectionLost() -> {}
    }
  }

  private void resumed(VmId id) {
    VmKeeper keeper = keepers.get(id);
    if (keeper != null) {
      keeper.resumed();
    }
  }
}
