package dev.ratoon.agent;

import dev.ratoon.agent.adopt.Adoptions;
import dev.ratoon.agent.host.HostFolders;
import dev.ratoon.agent.host.HostIdentity;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.hypervisor.HypervisorFacts;
import dev.ratoon.agent.vm.Stores;
import dev.ratoon.agent.vm.VmKeepers;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.DiskPart;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Layout;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.AgentLink;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.DiskStream;
import dev.ratoon.protocol.agent.HostFacts;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.ReplicaReport;
import dev.ratoon.protocol.agent.ServerLink;
import dev.ratoon.protocol.agent.VmReport;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The agent of one host. It takes up the last desired state that it remembers before it talks to
 * any server, then asks the server for newer ones, for ever; and reports. When it ends the VMs run
 * on.
 */
public final class Agent implements AgentLink, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Agent.class);
  private static final Duration LONGEST_ASK = Duration.ofSeconds(30);
  private static final int RETRY_SECONDS = 1;

  private final HostIdentity identity;
  private final HostFolders folders;
  private final Hypervisor hypervisor;
  private final Stores stores;
  private final ServerLink server;
  private final DesiredStore desired;
  private final Reporter reporter;
  private final VmKeepers vms;
  private final Adoptions adoptions;
  private final Thread asking;
  private volatile boolean closed;
  private volatile Optional<HypervisorFacts> lastFacts = Optional.empty();

  private Agent(
      AgentConfig config,
      Hypervisor hypervisor,
      Stores stores,
      ServerLink server,
      InstantSource clock) {
    this.folders = prepared(new HostFolders(config.home()));
    HostIdentity own = HostIdentity.in(folders.agent());
    this.identity = config.name().map(name -> new HostIdentity(own.id(), name)).orElse(own);
    this.hypervisor = hypervisor;
    this.stores = stores;
    this.server = server;
    this.desired = new DesiredStore(folders.agent());
    this.reporter =
        new Reporter(identity.id(), server, this::hostReport, this::vmReport, config.reportEvery());
    this.vms = new VmKeepers(hypervisor, stores, folders, clock, reporter::changed);
    this.adoptions =
        new Adoptions(
            folders,
            hypervisor,
            vms::standingOn,
            clock,
            config.reportEvery(),
            reporter::hostChanged);
    stores.cache().adopt(adoptions.bases());
    this.asking = Thread.ofVirtual().name("desired").unstarted(this::ask);
  }

  /**
   * Starts the agent of this host.
   *
   * @param hypervisor and {@code stores} stay the caller's to close, after the agent
   */
  public static Agent start(
      AgentConfig config,
      Hypervisor hypervisor,
      Stores stores,
      ServerLink server,
      InstantSource clock) {
    Agent agent = new Agent(config, hypervisor, stores, server, clock);
    agent.desired.last().ifPresent(last -> agent.vms.want(last.vms()));
    agent.desired.last().ifPresent(last -> agent.adoptions.want(last.adoptions()));
    stores.cache().onChange(agent.reporter::hostChanged);
    agent.reporter.start();
    agent.adoptions.start();
    agent.asking.start();
    return agent;
  }

  /** Where the agent whose home this is keeps its own records. */
  public static Path folder(Path home) {
    return new HostFolders(home).agent();
  }

  public HostId host() {
    return identity.id();
  }

  @Override
  public ConsoleText console(VmId vm, long offset, Duration wait) throws InterruptedException {
    return vms.console(vm, offset, wait);
  }

  @Override
  public DiskStream disk(VmId vm, int disk, DiskPart part, boolean packed) {
    return vms.disk(vm, disk, part, packed);
  }

  @Override
  public void close() {
    closed = true;
    asking.interrupt();
    adoptions.close();
    vms.close();
    reporter.close();
  }

  private void ask() {
    while (!closed) {
      try {
        long known = desired.last().map(DesiredState::revision).orElse(0L);
        server.desired(identity.id(), known, LONGEST_ASK).ifPresent(this::takeUp);
      } catch (InterruptedException closing) {
        return;
      } catch (RuntimeException failed) {
        if (!closed) {
          LOG.warn(
              "The server could not be asked what this host shall be: {}", failed.getMessage());
          pause();
        }
      }
    }
  }

  /**
   * A stop or a delete is kept before it is acted on: a host that forgets one would start the VM
   * again after a power loss. Where VMs are only to be started they need not wait for the disk.
   */
  private void takeUp(DesiredState newer) {
    if (!desired.accepts(newer)) {
      pause();
      return;
    }
    boolean onlyStarts = desired.knowsEveryStopOf(newer);
    if (onlyStarts) {
      vms.want(newer.vms());
    }
    try {
      desired.keep(newer);
    } catch (RatoonException unwritable) {
      // A full disk must not keep VMs from being stopped or deleted.
      LOG.error("The desired state is not kept: {}", unwritable.problem().oneLine());
    }
    if (!onlyStarts) {
      vms.want(newer.vms());
    }
    adoptions.want(newer.adoptions());
  }

  private Optional<VmReport> vmReport(VmId id) {
    return vms.report(id);
  }

  private HostReport hostReport() {
    Optional<Problem> problem = Optional.empty();
    List<String> unknown = List.of();
    try {
      lastFacts = Optional.of(hypervisor.facts());
      unknown = vms.unknown();
    } catch (RatoonException unavailable) {
      problem = Optional.of(unavailable.problem());
    }
    DesiredState state = desired.last().orElseGet(() -> new DesiredState("", 0, List.of()));
    return new HostReport(
        identity.id(),
        identity.name(),
        state.incarnation(),
        vms.allReport() ? state.revision() : 0,
        facts(),
        problem,
        replicas(),
        vms.reports(),
        unknown,
        stores.bases().address(),
        adoptions.report());
  }

  private HostFacts facts() {
    Optional<HypervisorFacts> facts = lastFacts;
    Optional<Space> space = space();
    return new HostFacts(
        facts.map(HypervisorFacts::cpus).orElse(0),
        facts.map(HypervisorFacts::memoryBytes).orElse(0L),
        space.map(Space::totalBytes).orElse(0L),
        space.map(Space::freeBytes).orElse(0L),
        facts.map(f -> f.accelerator().text()).orElse("unknown"),
        facts.map(HypervisorFacts::version).orElse("unknown"),
        facts.map(HypervisorFacts::networks).orElse(List.of()),
        facts.map(HypervisorFacts::bridges).orElse(List.of()),
        facts.flatMap(HypervisorFacts::uefi).isPresent());
  }

  /** A base that has just come may be on its way still, for those who look: it counts as here. */
  private List<ReplicaReport> replicas() {
    List<ReplicaReport> coming = stores.bases().arriving();
    List<ReplicaReport> here =
        stores.cache().replicas().stream()
            .map(r ->
                new ReplicaReport(
                    r.base().id(),
                    r.layout(),
                    r.state(),
                    r.base().path().toString(),
                    r.base().sizeBytes(),
                    r.storedBytes(),
                    100))
            .toList();
    // One that is only adopted may be on its way into the cache, too.
    Set<DiskId> ids =
        here.stream()
            .filter(base -> base.layout() != Layout.ADOPTED)
            .map(ReplicaReport::diskId)
            .collect(Collectors.toSet());
    return Stream.concat(
            here.stream(), coming.stream().filter(base -> !ids.contains(base.diskId())))
        .toList();
  }

  private record Space(long totalBytes, long freeBytes) {}

  private Optional<Space> space() {
    try {
      FileStore store = Files.getFileStore(folders.vms());
      return Optional.of(new Space(store.getTotalSpace(), store.getUsableSpace()));
    } catch (IOException unreadable) {
      LOG.warn("The space of {} is not known: {}", folders.vms(), unreadable.getMessage());
      return Optional.empty();
    }
  }

  private static HostFolders prepared(HostFolders folders) {
    for (Path folder : List.of(folders.agent(), folders.vms(), folders.trash())) {
      try {
        Files.createDirectories(folder);
        boolean forGuests = !folder.equals(folders.agent());
        Files.setPosixFilePermissions(
            folder, PosixFilePermissions.fromString(forGuests ? "rwx--x--x" : "rwx------"));
      } catch (IOException failed) {
        throw Problem.of(ErrorCode.FILE_UNWRITABLE, "preparing the folder " + folder)
            .detail(String.valueOf(failed.getMessage()))
            .next("Ratoon needs to run as root, and its home to be writable.")
            .asException(failed);
      }
    }
    return folders;
  }

  private static void pause() {
    try {
      TimeUnit.SECONDS.sleep(RETRY_SECONDS);
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
    }
  }
}
