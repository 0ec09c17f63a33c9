package dev.ratoon.agent.libvirt;

import dev.ratoon.agent.hypervisor.Accelerator;
import dev.ratoon.agent.hypervisor.DomainJob;
import dev.ratoon.agent.hypervisor.DomainSpec;
import dev.ratoon.agent.hypervisor.DomainSpec.DomainNic;
import dev.ratoon.agent.hypervisor.DomainState;
import dev.ratoon.agent.hypervisor.DomainStatus;
import dev.ratoon.agent.hypervisor.FileOwner;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.hypervisor.HypervisorEvent;
import dev.ratoon.agent.hypervisor.HypervisorEvent.ConnectionBack;
import dev.ratoon.agent.hypervisor.HypervisorEvent.ConnectionLost;
import dev.ratoon.agent.hypervisor.HypervisorEvent.DomainEnded;
import dev.ratoon.agent.hypervisor.HypervisorEvent.DomainPaused;
import dev.ratoon.agent.hypervisor.HypervisorEvent.DomainResumed;
import dev.ratoon.agent.hypervisor.HypervisorEvent.DomainStarted;
import dev.ratoon.agent.hypervisor.HypervisorFacts;
import dev.ratoon.agent.hypervisor.LiveMigration;
import dev.ratoon.agent.hypervisor.OtherDomain;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.GuestHardware;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.libvirt.Domain;
import org.libvirt.Domain.CreateFlags;
import org.libvirt.LibvirtException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The hypervisor behind libvirt, over connections that are opened again whenever they are lost.
 *
 * <p>A start is one round trip and, of this host's processes, a look whether the guest runs: what
 * may be wrong with it is looked into only when libvirt has refused. Starts have threads of their
 * own, so that many of them hold up nobody who asks or ends something.
 */
public final class LibvirtHypervisor implements Hypervisor {
  private static final Logger LOG = LoggerFactory.getLogger(LibvirtHypervisor.class);
  private static final int STARTS_AT_ONCE = 4;
  private static final int OTHERS_AT_ONCE = 3;
  private static final int CUTS_AT_ONCE = 3;
  private static final Duration START_PATIENCE = Duration.ofMinutes(2);
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** Each domain that does not answer takes half a minute of it. */
  private static final Duration JOBS_PATIENCE = Duration.ofMinutes(2);

  /** What is asked of agents in guests takes as long as these like. */
  private static final Duration CUT_PATIENCE = Duration.ofMinutes(5);

  private static final Duration FIRST_PATIENCE = Duration.ofSeconds(10);

  private final Lane starts = new Lane("libvirt-start", STARTS_AT_ONCE);
  private final Lane others = new Lane("libvirt-call", OTHERS_AT_ONCE);
  private final Lane cutting = new Lane("libvirt-cut", CUTS_AT_ONCE);
  private final EventDispatch events = new EventDispatch(this::concernsUs);
  private final Set<VmId> ours = ConcurrentHashMap.newKeySet();
  private final Accelerator accelerator;
  private final ConnectionKeeper keeper;
  private final LibvirtLive live;
  private final ForgottenDomains forgotten;
  private volatile @Nullable HostOffers offers;
  private volatile GuestHardware hardware = GuestHardware.OF_THE_HOST;

  /**
   * Opens the connection; if that fails, it is tried again in the background.
   *
   * @param uri for example {@code qemu:///system}
   * @param accelerator what domains run on, see {@link Acceleration}
   */
  public static LibvirtHypervisor open(String uri, Accelerator accelerator) {
    LibvirtHypervisor hypervisor = new LibvirtHypervisor(uri, accelerator);
    hypervisor.events.start();
    hypervisor.keeper.start();
    hypervisor.keeper.awaitFirstAttempt(FIRST_PATIENCE);
    return hypervisor;
  }

  private LibvirtHypervisor(String uri, Accelerator accelerator) {
    this.accelerator = accelerator;
    this.keeper = new ConnectionKeeper(uri, new Watcher());
    this.forgotten = new ForgottenDomains(uri);
    this.live = new LibvirtLive(keeper, this::described, new MachineCheck(accelerator));
  }

  @Override
  public HypervisorFacts facts() {
    String doing = "asking libvirt what the host offers";
    List<String> networks = call(doing, c -> Arrays.stream(c.listNetworks()).sorted().toList());
    HostOffers fixed = offers(doing);
    return new HypervisorFacts(
        fixed.version(),
        fixed.cpus(),
        fixed.memoryBytes(),
        networks,
        HostOffers.bridges(),
        HostOffers.uefi(),
        accelerator,
        fixed.owner(),
        fixed.machines());
  }

  @Override
  public void startWith(GuestHardware wanted) {
    hardware = wanted;
  }

  @Override
  public void start(DomainSpec spec) {
    String doing = "starting the domain of '" + spec.name() + "'";
    if (forgotten.runs(spec.id()) && domain(spec.id()).isPresent()) {
      ours.add(spec.id());
      return;
    }
    HostOffers offered = offers(doing);
    FileOwner owner = offered.owner();
    String xml =
        spec.kept()
            .map(kept -> KeptDomainXml.write(spec, kept, owner))
            .orElseGet(
                () -> new DomainXml(accelerator, owner, offered.nearest(hardware)).write(spec));
    int flags = spec.paused() ? CreateFlags.PAUSED : CreateFlags.NONE;
    boolean added = ours.add(spec.id());
    try {
      starts.call(doing, START_PATIENCE, () -> keeper.use(doing, c -> create(c, xml, flags)));
      forgotten.lookAnew();
    } catch (RatoonException failed) {
      if (failed.problem().code() != ErrorCode.HYPERVISOR_REFUSED) {
        throw failed;
      }
      if (domain(spec.id()).isPresent()) {
        return;
      }
      if (added) {
        ours.remove(spec.id());
      }
      throw explained(spec, failed);
    }
  }

  /** As it is started here. */
  private String described(DomainSpec spec) {
    HostOffers offered = offers("describing the domain of '" + spec.name() + "'");
    return new DomainXml(accelerator, offered.owner(), offered.nearest(hardware)).write(spec);
  }

  @Override
  public Optional<LiveMigration> live() {
    return Optional.of(live);
  }

  private static boolean create(Connection connection, String xml, int flags)
      throws LibvirtException {
    connection.domainCreateXML(xml, flags).free();
    return true;
  }

  /** The refusal in our words, if something that the spec names is missing. */
  private RatoonException explained(DomainSpec spec, RatoonException refusal) {
    String doing = refusal.problem().doing();
    for (DomainNic nic : spec.nics()) {
      if (!exists(nic.network(), doing)) {
        return Problem.of(ErrorCode.NETWORK_MISSING, doing)
            .detail("The host has no active " + nic.network().show() + ".")
            .asException(refusal);
      }
    }
    if (spec.uefi().isPresent() && !Files.exists(spec.uefi().get().code())) {
      return Problem.of(ErrorCode.FIRMWARE_MISSING, doing)
          .detail("There is no " + spec.uefi().get().code() + " on the host.")
          .next("Install the package 'ovmf', or run 'ratoon doctor --fix' on the host.")
          .asException(refusal);
    }
    return refusal;
  }

  private boolean exists(NetworkAttachment network, String doing) {
    return switch (network) {
      case NetworkAttachment.User() -> true;
      case NetworkAttachment.Bridge(String name) -> HostOffers.isBridge(name);
      case NetworkAttachment.Network(String name) ->
          call(doing, connection -> Arrays.asList(connection.listNetworks()).contains(name));
    };
  }

  @Override
  public void resume(VmId id) {
    String doing = "resuming domain " + id;
    bring(doing, id, state -> state != DomainState.PAUSED, Domain::resume);
  }

  @Override
  public void pause(VmId id) {
    String doing = "pausing domain " + id;
    bring(doing, id, state -> state == DomainState.PAUSED, Domain::suspend);
  }

  /** A daemon that has just come back may not know yet in which state the domain is. */
  private void bring(String doing, VmId id, Predicate<DomainState> isDone, Change change) {
    if (isDone.test(status(doing, id).orElseThrow(() -> lost(doing)).state())) {
      return;
    }
    try {
      change(doing, id, change);
    } catch (RatoonException refused) {
      if (refused.problem().code() != ErrorCode.HYPERVISOR_REFUSED
          || !isDone.test(status(doing, id).orElseThrow(() -> lost(doing)).state())) {
        throw refused;
      }
    }
  }

  /** By its power button, agent or not: what is asked of an agent may take a minute. */
  @Override
  public void shutdown(VmId id) {
    String doing = "asking domain " + id + " to shut down";
    doToOurs(doing, id, () -> call(doing, c -> c.pressPowerButton(id.toString())));
  }

  @Override
  public void destroy(VmId id) {
    ifThere("destroying domain " + id, id, Domain::destroy);
  }

  @Override
  public List<DomainStatus> domains() {
    return call("listing the domains", LibvirtHypervisor::all);
  }

  @Override
  public Optional<DomainStatus> domain(VmId id) {
    return status("looking for domain " + id, id);
  }

  @Override
  public List<OtherDomain> others() {
    return call("listing the domains of others", TakeOver::others);
  }

  @Override
  public void takeOver(VmId id, long epoch, String tenant, Definition definition) {
    TakeOver takeOver = new TakeOver(new DomainMark(id, epoch, tenant, List.of()), definition);
    call("taking over domain " + id, connection -> takeOver.run(connection));
    ours.add(id);
  }

  @Override
  public Optional<String> address(VmId id) {
    String doing = "asking for the address of domain " + id;
    return call(doing, connection -> connection.withDomain(id.toString(), GuestAddress::of))
        .flatMap(found -> found);
  }

  @Override
  public Subscription listen(Listener listener) {
    return events.listen(listener);
  }

  @Override
  public void close() {
    keeper.close();
    events.close();
    live.close();
    starts.close();
    others.close();
    cutting.close();
  }

  private <T> T call(String doing, ConnectionKeeper.Use<T> use) {
    return others.call(doing, PATIENCE, () -> keeper.use(doing, use));
  }

  private Optional<DomainStatus> status(String doing, VmId id) {
    return call(doing, connection -> look(doing, connection, id));
  }

  private Optional<DomainStatus> look(String doing, Connection connection, VmId id)
      throws LibvirtException {
    Optional<String> xml = description(connection, id);
    if (xml.isEmpty() && forgotten.runs(id)) {
      xml = description(connection, id);
      if (xml.isEmpty()) {
        throw forgotten.problem(doing, id);
      }
    }
    return xml.flatMap(found -> read(connection, found));
  }

  private static Optional<String> description(Connection connection, VmId id)
      throws LibvirtException {
    return connection.withDomain(id.toString(), domain -> domain.getXMLDesc(0));
  }

  @Override
  public List<DomainJob> blockJobs() {
    String doing = "listing block jobs";
    return others.call(
        doing,
        JOBS_PATIENCE,
        () ->
            keeper.use(
                doing,
                connection ->
                    all(connection).stream()
                        .flatMap(domain -> jobsIfItSays(connection, domain).stream())
                        .toList()));
  }

  @Override
  public List<DomainJob> blockJobs(VmId id) {
    String doing = "listing block jobs of domain " + id;
    return call(
        doing,
        connection ->
            look(doing, connection, id).map(domain -> jobs(connection, domain)).orElse(List.of()));
  }

  @Override
  public boolean cut(VmId id, List<DiskCut> cuts, boolean quiesce) {
    String doing = "cutting the disks of domain " + id;
    if (DiskLayers.areCut(status(doing, id).orElseThrow(() -> lost(doing)).overlays(), cuts)) {
      return false;
    }
    return cutting
        .call(
            doing,
            CUT_PATIENCE,
            () -> keeper.use(doing, c -> DiskLayers.cut(c, id.toString(), cuts, quiesce)))
        .orElseThrow(() -> lost(doing));
  }

  @Override
  public void pull(VmId id, Path disk) {
    String doing = "flattening disk " + disk;
    boolean _ =
        call(doing, connection -> DiskLayers.pull(connection, id.toString(), disk))
            .orElseThrow(() -> lost(doing));
  }

  @Override
  public void copy(VmId id, DiskCopy copy) {
    String doing = "copying disk " + copy.from();
    boolean _ =
        call(doing, connection -> DiskCopies.begin(connection, id.toString(), copy))
            .orElseThrow(() -> lost(doing));
  }

  @Override
  public CopyState copyState(VmId id, DiskCopy copy) {
    String doing = "looking at the copy of disk " + copy.from();
    return call(doing, connection -> DiskCopies.state(connection, id.toString(), copy))
        .orElseThrow(() -> lost(doing));
  }

  @Override
  public boolean goOver(VmId id, DiskCopy copy) {
    String doing = "going over to " + copy.to();
    if (status(doing, id).orElseThrow(() -> lost(doing)).overlays().contains(copy.to())) {
      return true;
    }
    return call(doing, connection -> DiskCopies.goOver(connection, id.toString(), copy))
        .orElseThrow(() -> lost(doing));
  }

  @Override
  public void endCopy(VmId id, DiskCopy copy) {
    Optional<Boolean> _ =
        call(
            "ending the copy of disk " + copy.from(),
            connection -> DiskCopies.end(connection, id.toString(), copy));
  }

  private static List<DomainJob> jobsIfItSays(Connection connection, DomainStatus domain) {
    try {
      return jobs(connection, domain);
    } catch (RatoonException silent) {
      if (silent.problem().code() == ErrorCode.HYPERVISOR_UNAVAILABLE) {
        throw silent;
      }
      LOG.warn("{}", silent.problem().oneLine());
      return List.of();
    }
  }

  private static List<DomainJob> jobs(Connection connection, DomainStatus domain) {
    return domain.overlays().stream()
        .flatMap(disk ->
            connection
                .blockJob(domain.id().toString(), disk.toString())
                .map(job ->
                    new DomainJob(
                        domain.id(), disk, kindOfJob(job.kind()), job.done(), job.total()))
                .stream())
        .toList();
  }

  private static String kindOfJob(int kind) {
    return switch (kind) {
      case 1 -> "pull";
      case 2 -> "copy";
      case 3 -> "commit";
      case 4 -> "active-commit";
      case 5 -> "backup";
      default -> "job of kind " + kind;
    };
  }

  private static List<DomainStatus> all(Connection connection) throws LibvirtException {
    return connection.descriptions().stream()
        .flatMap(xml -> read(connection, xml).stream())
        .sorted((a, b) -> a.id().compareTo(b.id()))
        .toList();
  }

  /** Empty if the domain is not ours, or has ended meanwhile. */
  private static Optional<DomainStatus> read(Connection connection, String xml) {
    return DomainMark.read(xml)
        .flatMap(mark ->
            connection
                .state(mark.id().toString())
                .flatMap(state -> DomainStates.status(mark, state.state(), state.reason())));
  }

  /** Something done to a domain that says nothing back. */
  @FunctionalInterface
  private interface Change {
    void on(Domain domain) throws LibvirtException;
  }

  private void change(String doing, VmId id, Change change) {
    if (!attempt(doing, id, change)) {
      throw lost(doing);
    }
  }

  /** Changes the domain if it exists and is ours; one that ends meanwhile is fine. */
  private void ifThere(String doing, VmId id, Change change) {
    doToOurs(doing, id, () -> attempt(doing, id, change));
  }

  private void doToOurs(String doing, VmId id, Runnable change) {
    if (status(doing, id).isEmpty()) {
      return;
    }
    try {
      change.run();
    } catch (RatoonException failed) {
      if (failed.problem().code() != ErrorCode.HYPERVISOR_REFUSED
          || status(doing, id).isPresent()) {
        throw failed;
      }
    }
  }

  /** False if there is no such domain. */
  private boolean attempt(String doing, VmId id, Change change) {
    return call(
            doing,
            connection ->
                connection.withDomain(
                    id.toString(),
                    domain -> {
                      change.on(domain);
                      return true;
                    }))
        .isPresent();
  }

  private static RatoonException lost(String doing) {
    return Problem.of(ErrorCode.DOMAIN_LOST, doing).detail("It does not exist.").asException();
  }

  private HostOffers offers(String doing) {
    HostOffers known = offers;
    if (known == null) {
      throw LibvirtErrors.unavailable(doing, "libvirt could not be reached so far.");
    }
    return known;
  }

  /** On the dispatching thread: a domain that somebody else started shows its mark when asked. */
  private boolean concernsUs(HypervisorEvent event) {
    return switch (event) {
      case ConnectionLost(), ConnectionBack() -> true;
      case DomainEnded(VmId id, var how) -> ours.remove(id);
      case DomainStarted(VmId id) -> isOurs(id);
      case DomainPaused(VmId id, var reason) -> isOurs(id);
      case DomainResumed(VmId id) -> isOurs(id);
    };
  }

  private boolean isOurs(VmId id) {
    return ours.contains(id) || (domain(id).isPresent() && ours.add(id));
  }

  private final class Watcher implements ConnectionKeeper.Watcher {
    private boolean before;

    @Override
    public void opened(Connection connection, CallConnections calls) {
      forgotten.lookAnew();
      connection.register(new DomainEvents(events::add));
      boolean _ =
          others.call(
              "asking libvirt what there is", PATIENCE, () -> calls.use(this::lookAtAllThereIs));
    }

    private boolean lookAtAllThereIs(Connection connection) throws LibvirtException {
      offers = HostOffers.of(connection);
      all(connection).forEach(status -> ours.add(status.id()));
      return true;
    }

    @Override
    public void ready() {
      if (before) {
        events.add(new ConnectionBack());
      }
      before = true;
    }

    @Override
    public void lost() {
      events.add(new ConnectionLost());
    }
  }
}
