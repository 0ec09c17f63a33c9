package dev.ratoon.agent;

import dev.ratoon.agent.host.DiskFolders;
import dev.ratoon.agent.host.FileSystems;
import dev.ratoon.agent.host.Processors;
import dev.ratoon.agent.hypervisor.Accelerator;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.hypervisor.HypervisorFacts;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.agent.HostFacts;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a host has to offer: as its hypervisor said last, and as its file systems say now. */
final class HostResources {
  private static final Logger LOG = LoggerFactory.getLogger(HostResources.class);

  /** Of the processor that is emulated for guests, a Nehalem. */
  private static final int EMULATED_LEVEL = 2;

  private final Hypervisor hypervisor;
  private final Path vms;
  private final FileSystems fileSystems;
  private final Path cache;
  private final DiskFolders elsewhere;
  private volatile Optional<HypervisorFacts> known = Optional.empty();

  private record Space(long totalBytes, long freeBytes) {}

  /**
   * @param vms where VMs' disks lie: its room is the host's
   * @param cache the folder of the host's own cache
   * @param elsewhere where disks may lie, too
   */
  HostResources(
      Hypervisor hypervisor, Path vms, FileSystems fileSystems, Path cache, DiskFolders elsewhere) {
    this.elsewhere = elsewhere;
    this.hypervisor = hypervisor;
    this.vms = vms;
    this.fileSystems = fileSystems;
    this.cache = cache;
  }

  /**
   * Asks the hypervisor.
   *
   * @throws RatoonException {@code hypervisor-unavailable}; then what it said before counts
   */
  void look() {
    known = Optional.of(hypervisor.facts());
  }

  HostFacts now() {
    Optional<HypervisorFacts> facts = known;
    Optional<Space> space = space();
    return new HostFacts(
        facts.map(HypervisorFacts::cpus).orElse(0),
        facts.map(HypervisorFacts::memoryBytes).orElse(0L),
        space.map(Space::totalBytes).orElse(0L),
        space.map(Space::freeBytes).orElse(0L),
        facts.map(f -> f.accelerator().text()).orElse(unknown()),
        facts.map(HypervisorFacts::version).orElse(unknown()),
        facts.map(HypervisorFacts::networks).orElse(List.of()),
        facts.map(HypervisorFacts::bridges).orElse(List.of()),
        facts.flatMap(HypervisorFacts::uefi).isPresent(),
        fileSystems.now(),
        Optional.of(Processors.architecture()),
        facts.flatMap(f -> cpuLevel(f.accelerator())),
        Optional.of(cache.toString()),
        facts.map(HypervisorFacts::machines).orElse(List.of()),
        diskFolders());
  }

  private List<String> diskFolders() {
    return Stream.concat(Stream.of(vms), usable().stream()).map(Path::toString).toList();
  }

  private List<Path> usable() {
    try {
      return elsewhere.usable();
    } catch (RatoonException unreadable) {
      LOG.warn("{}", unreadable.problem().oneLine());
      return List.of();
    }
  }

  private String unknown() {
    return hypervisor.runsVms() ? "unknown" : HostFacts.RUNS_NO_VMS;
  }

  /** Of the processors that guests get; see {@code DomainXml}. */
  private static Optional<Integer> cpuLevel(Accelerator accelerator) {
    return switch (accelerator) {
      case KVM -> Processors.level();
      case TCG -> Optional.of(EMULATED_LEVEL);
    };
  }

  private Optional<Space> space() {
    try {
      FileStore store = Files.getFileStore(vms);
      return Optional.of(new Space(store.getTotalSpace(), store.getUsableSpace()));
    } catch (IOException unreadable) {
      LOG.warn("The space of {} is not known: {}", vms, unreadable.getMessage());
      return Optional.empty();
    }
  }
}
