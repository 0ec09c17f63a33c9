package dev.ratoon.agent;

import dev.ratoon.agent.adopt.Adoptions;
import dev.ratoon.agent.bases.BaseKeepers;
import dev.ratoon.agent.bases.BaseWork;
import dev.ratoon.agent.host.FileSystems;
import dev.ratoon.agent.host.HostFolders;
import dev.ratoon.agent.host.HostIdentity;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.move.Moves;
import dev.ratoon.agent.share.Withdrawals;
import dev.ratoon.agent.vm.Stores;
import dev.ratoon.agent.vm.VmKeepers;
import dev.ratoon.model.DiskPart;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.GuestHardware;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.AgentLink;
import dev.ratoon.protocol.agent.BaseReport;
import dev.ratoon.protocol.agent.BaseTask;
import dev.ratoon.protocol.agent.DesiredShare;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.DiskStream;
import dev.ratoon.protocol.agent.Findings.Stray;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.Known;
import dev.ratoon.protocol.agent.MoveReport;
import dev.ratoon.protocol.agent.ScrubRules;
import dev.ratoon.protocol.agent.ServerLink;
import dev.ratoon.protocol.agent.TransferLimits;
import dev.ratoon.protocol.agent.VmReport;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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

  /** How long the server is asked while there is something to be tried again. */
  private static final Duration SOON = Duration.ofSeconds(2);

  private static final int RETRY_SECONDS = 1;
  private static final int REPORTS_PER_LOOK = 6;

  private static final Duration LONGEST_END = Duration.ofSeconds(2);

  /** How long a host that was just started waits for its server before it acts on its own. */
  private static final Duration GREETING = Duration.ofSeconds(10);

  private final HostIdentity identity;
  private final HostFolders folders;
  private final Hypervisor hypervisor;
  private final Stores stores;
  private final ServerLink server;
  private final DesiredStore desired;
  private final Reporter reporter;
  private final VmKeepers vms;
  private final BaseKeepers bases;
  private final Moves moves;
  private final HostResources resources;
  private final Inspection inspection;
  private final Adoptions adoptions;
  private final Withdrawals withdrawals;
  private final Thread asking;

  /** Whether the last desired state is known to this process alone. */
  private volatile boolean unkept;

  private volatile boolean takenUp;
  private volatile boolean closed;

  private Agent(
      AgentConfig config,
      Hypervisor hypervisor,
      Stores stores,
      ServerLink server,
      InstantSource clock) {
    this.folders = new HostFolders(config.home()).prepared();
    HostIdentity own = HostIdentity.in(folders.agent());
    this.identity = config.name().map(name -> new HostIdentity(own.id(), name)).orElse(own);
    this.hypervisor = hypervisor;
    this.stores = stores;
    this.server = server;
    this.desired = new DesiredStore(folders.agent());
    this.reporter =
        new Reporter(
            identity.id(),
            server,
            this::hostReport,
            this::vmReport,
            this::baseNews,
            this::moveReports,
            config.reportEvery());
    this.vms = new VmKeepers(hypervisor, stores, folders, clock, reporter::changed);
    this.moves =
        new Moves(
            vms.moving(), stores.bases().road(), hypervisor.live(), clock, reporter::movesChanged);
    this.bases =
        new BaseKeepers(
            new BaseWork(
                stores.cache(),
                stores.bases(),
                vms::standingOn,
                id -> vms.needing(id, stores.cache().files(id))),
            clock,
            reporter::basesChanged);
    this.inspection =
        new Inspection(vms, stores, config.reportEvery().multipliedBy(REPORTS_PER_LOOK));
    this.resources =
        new HostResources(
            hypervisor,
            folders.vms(),
            new FileSystems(
                Map.of(
                    "cache", stores.cache().root(),
                    "vms", folders.vms(),
                    "trash", folders.trash())),
            stores.cache().root(),
            folders.elsewhere());
    this.adoptions =
        new Adoptions(
            folders,
            hypervisor,
            vms::standingOn,
            clock,
            config.reportEvery(),
            reporter::hostChanged);
    stores.cache().adopt(adoptions.bases());
    this.withdrawals =
        new Withdrawals(stores.shares(), new ShareNeeds(vms, stores, desired::last)::of);
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
    stores.shares().onChange(agent.reporter::hostChanged);
    stores.cache().onChange(agent.reporter::hostChanged);
    stores.cache().onChange(agent.bases::cacheChanged);
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
    awaitEndOfAsking();
    withdrawals.close();
    adoptions.close();
    moves.close();
    vms.close();
    bases.close();
    reporter.close();
  }

  /** What was just told is taken up or not before anything else ends. */
  private void awaitEndOfAsking() {
    try {
      asking.join(LONGEST_END.toMillis());
    } catch (InterruptedException hurried) {
      Thread.currentThread().interrupt();
    }
  }

  private void ask() {
    begin();
    while (!closed) {
      try {
        keepAgain();
        newer(unkept ? SOON : LONGEST_ASK).ifPresent(this::takeUp);
      } catch (InterruptedException closing) {
        return;
      } catch (RuntimeException failed) {
        if (!closed) {
          if (isForbidden(failed)) {
            // One that is of no fleet any more has nothing to say about a share.
            withdrawals.want(List.of());
          }
          LOG.warn(
              "The server could not be asked what this host shall be: {}", failed.getMessage());
          inspection.again();
          reporter.hostChanged();
          pause();
        }
      }
    }
  }

  private static boolean isForbidden(RuntimeException failed) {
    return failed instanceof RatoonException refused
        && refused.problem().code() == ErrorCode.FORBIDDEN;
  }

  /**
   * Takes up what the host shall be: what the server says, if it says something soon, else what was
   * remembered. So VMs come back after a power loss without a server, and a VM that was moved or
   * deleted while the host was away is not started again where there is one.
   */
  private void begin() {
    Optional<DesiredState> remembered = desired.last();
    remembered.map(DesiredState::shares).ifPresent(withdrawals::remember);
    switch (remembered.isEmpty() ? Word.NOTHING_NEWER : firstWord()) {
      case TAKEN_UP -> {}
      // A host that is ahead of a restored database hears just that: what it was to remove from a
      // share may have been needed by others since.
      case NOTHING_NEWER -> remembered.map(Agent::withoutSharedRemovals).ifPresent(this::goOn);
      // What the server wants gone may have been needed elsewhere since.
      case SILENCE -> remembered.map(Agent::withoutRemovals).ifPresent(this::goOn);
      case NOT_OURS -> {
        if (!closed) {
          LOG.error(
              "The server does not count this host among its own any more: no VM is started. Those"
                  + " that run are left as they are.");
        }
      }
    }
    takenUp = true;
    reporter.start();
  }

  private void goOn(DesiredState last) {
    heedRules(last);
    want(last);
    wantDisks(last);
    withdrawals.want(last.shares());
  }

  /** What holds for all that is done from now on. */
  private void heedRules(DesiredState state) {
    stores.bases().limit(state.limits().orElse(TransferLimits.NONE));
    hypervisor.startWith(state.hardware().orElse(GuestHardware.OF_THE_HOST));
  }

  private static DesiredState withoutRemovals(DesiredState state) {
    return withoutSharedRemovals(state)
        .withBases(state.bases().stream().filter(wish -> wish.task() != BaseTask.EVICT).toList());
  }

  private static DesiredState withoutSharedRemovals(DesiredState state) {
    return state.withShares(state.shares().stream().map(DesiredShare::withoutRemovals).toList());
  }

  /** What the server had to say when the agent was started. */
  private enum Word {
    TAKEN_UP,
    NOTHING_NEWER,
    SILENCE,
    NOT_OURS
  }

  private Word firstWord() {
    FutureTask<Optional<DesiredState>> question =
        new FutureTask<>(() -> {
          server.report(hostReport());
          return newer(Duration.ZERO);
        });
    Thread asked = Thread.ofVirtual().name("greeting").start(question);
    try {
      Optional<DesiredState> newer = question.get(GREETING.toSeconds(), TimeUnit.SECONDS);
      newer.ifPresent(this::takeUp);
      // One that was refused leaves what was remembered.
      boolean taken = newer.filter(told -> told.revision() == known()).isPresent();
      return taken ? Word.TAKEN_UP : Word.NOTHING_NEWER;
    } catch (ExecutionException failed) {
      return failed.getCause() instanceof RuntimeException refused && isForbidden(refused)
          ? Word.NOT_OURS
          : Word.SILENCE;
    } catch (TimeoutException silence) {
      return Word.SILENCE;
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
      return Word.NOT_OURS;
    } finally {
      asked.interrupt();
    }
  }

  private long known() {
    return desired.last().map(DesiredState::revision).orElse(0L);
  }

  /** All that the host shall be, if that is newer than what it knows. */
  private Optional<DesiredState> newer(Duration wait) throws InterruptedException {
    Known known = desired.last().map(Known::of).orElse(Known.NOTHING);
    Optional<DesiredState> told = server.desired(identity.id(), known, wait);
    Optional<DesiredState> whole = told.flatMap(desired::whole);
    // Changes of something else than this host knows say nothing to it.
    return told.isPresent() && whole.isEmpty()
        ? server.desired(identity.id(), Known.whole(known.revision()), wait)
        : whole;
  }

  /**
   * A stop or a delete is kept before it is acted on: a host that forgets one would start the VM
   * again after a power loss. Where VMs are only to be started they need not wait for the disk.
   */
  private void takeUp(DesiredState told) {
    if (!desired.accepts(told)) {
      pause();
      return;
    }
    DesiredState newer = desired.withNewestOwners(told);
    heedRules(newer);
    boolean onlyStarts = desired.knowsEveryStopOf(newer);
    if (onlyStarts) {
      want(newer);
    }
    boolean kept = false;
    try {
      desired.keep(newer);
      kept = true;
    } catch (RatoonException unwritable) {
      // A full disk must not keep VMs from being stopped or deleted.
      LOG.error("The desired state is not kept: {}", unwritable.problem().oneLine());
    }
    if (!onlyStarts) {
      want(newer);
    }
    wantDisks(newer);
    // What is not written down is not promised to anybody.
    unkept = !kept;
    withdrawals.want(kept ? newer.shares() : List.of());
  }

  /** What could not be written down is tried again whenever the server was asked. */
  private void keepAgain() {
    Optional<DesiredState> last = desired.last();
    if (unkept && last.isPresent()) {
      try {
        desired.keep(last.get());
        unkept = false;
        withdrawals.want(last.get().shares());
      } catch (RatoonException unwritable) {
        LOG.warn("The desired state is still not kept: {}", unwritable.problem().oneLine());
      }
    }
  }

  /** What is wanted of base disks, whatever VMs need. */
  private void wantDisks(DesiredState state) {
    bases.want(state.bases(), state.scrub().orElse(ScrubRules.OFF));
    adoptions.want(state.adoptions());
  }

  /** The shares first: VMs may stand on them. Then what comes or goes: it may become a VM. */
  private void want(DesiredState state) {
    stores.shares().want(state.shares());
    vms.want(state.vms());
    moves.want(state.moves());
  }

  private Optional<VmReport> vmReport(VmId id) {
    return vms.report(id);
  }

  private List<BaseReport> baseNews() {
    return bases.news();
  }

  private List<MoveReport> moveReports() {
    return moves.reports();
  }

  private HostReport hostReport() {
    Optional<Problem> problem = Optional.empty();
    List<Stray> strays = List.of();
    try {
      resources.look();
      // Before it is known what the host shall be, every VM would be a stray.
      strays = takenUp ? vms.strays(moves.vms()) : List.of();
    } catch (RatoonException unavailable) {
      problem = Optional.of(unavailable.problem());
    }
    DesiredState state = desired.last().orElseGet(() -> new DesiredState("", 0, List.of()));
    return new HostReport(
        identity.id(),
        identity.name(),
        state.incarnation(),
        takenUp && vms.allReport() ? state.revision() : 0,
        resources.now(),
        problem,
        BasesHere.of(stores),
        vms.reports(),
        strays.stream().map(stray -> stray.id().toString()).toList(),
        stores.bases().address(),
        bases.reports(),
        stores.bases().transfers(),
        Optional.of(inspection.now(desired.last(), strays)),
        stores.shares().reports(),
        adoptions.report());
  }

  private static void pause() {
    try {
      TimeUnit.SECONDS.sleep(RETRY_SECONDS);
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
    }
  }
}
