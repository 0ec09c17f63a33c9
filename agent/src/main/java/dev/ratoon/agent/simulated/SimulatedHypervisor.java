package dev.ratoon.agent.simulated;

import dev.ratoon.agent.hypervisor.DiskFormat;
import dev.ratoon.agent.hypervisor.DomainJob;
import dev.ratoon.agent.hypervisor.DomainSpec;
import dev.ratoon.agent.hypervisor.DomainSpec.DomainDisk;
import dev.ratoon.agent.hypervisor.DomainSpec.DomainNic;
import dev.ratoon.agent.hypervisor.DomainState;
import dev.ratoon.agent.hypervisor.DomainStatus;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.hypervisor.HypervisorEvent;
import dev.ratoon.agent.hypervisor.HypervisorEvent.ConnectionBack;
import dev.ratoon.agent.hypervisor.HypervisorEvent.ConnectionLost;
import dev.ratoon.agent.hypervisor.HypervisorEvent.DomainEnded;
import dev.ratoon.agent.hypervisor.HypervisorEvent.DomainPaused;
import dev.ratoon.agent.hypervisor.HypervisorEvent.DomainResumed;
import dev.ratoon.agent.hypervisor.HypervisorEvent.DomainStarted;
import dev.ratoon.agent.hypervisor.HypervisorEvent.Ending;
import dev.ratoon.agent.hypervisor.HypervisorEvent.PauseReason;
import dev.ratoon.agent.hypervisor.HypervisorFacts;
import dev.ratoon.agent.hypervisor.LiveMigration;
import dev.ratoon.agent.hypervisor.OtherDomain;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;

/**
 * A hypervisor of thin air: domains are entries in a map, guests obey at once, nothing depends on
 * time or chance. Tests tell it what goes wrong.
 *
 * <p>Events reach listeners in order and without a lock held, on the thread that caused them or on
 * another that is delivering just then; so with one thread everything has been heard when a method
 * returns.
 */
public final class SimulatedHypervisor implements Hypervisor {
  private final List<Listener> listeners = new CopyOnWriteArrayList<>();
  private final Map<VmId, Domain> domains = new TreeMap<>();
  private final Map<VmId, OtherDomain> others = new TreeMap<>();
  private final Map<VmId, String> addresses = new HashMap<>();
  private final Queue<HypervisorEvent> undelivered = new ArrayDeque<>();
  private HypervisorFacts facts;
  private Optional<Problem> refusal = Optional.empty();
  private boolean reachable = true;
  private boolean guestsListen = true;
  private boolean delivering;
  private List<DomainJob> jobs = List.of();
  private boolean answersLost;
  private boolean guestAgents;
  private boolean pullsHang;
  private Optional<LiveMigration> live = Optional.empty();
  private boolean copiesHang;
  private boolean overIsLost;

  private record Domain(DomainSpec spec, DomainState state, String reason) {}

  public SimulatedHypervisor(HypervisorFacts facts) {
    this.facts = facts;
  }

  @Override
  public synchronized HypervisorFacts facts() {
    reach("asking the hypervisor what it offers");
    return facts;
  }

  @Override
  public Optional<LiveMigration> live() {
    return live;
  }

  /** How guests move from now on. */
  public void live(LiveMigration how) {
    live = Optional.of(how);
  }

  @Override
  public void start(DomainSpec spec) {
    synchronized (this) {
      String doing = "starting the domain of '" + spec.name() + "'";
      reach(doing);
      if (domains.containsKey(spec.id())) {
        return;
      }
      if (refusal.isPresent()) {
        throw refusal.get().asException();
      }
      spec.nics().forEach(nic -> checkNetwork(nic, doing));
      if (spec.uefi().isPresent() && facts.uefi().isEmpty()) {
        throw Problem.of(ErrorCode.FIRMWARE_MISSING, doing).asException();
      }
      DomainState state = spec.paused() ? DomainState.PAUSED : DomainState.RUNNING;
      domains.put(spec.id(), new Domain(spec, state, ""));
      undelivered.add(new DomainStarted(spec.id()));
    }
    deliver();
  }

  @Override
  public void resume(VmId id) {
    synchronized (this) {
      if (present(id, "resuming").state() == DomainState.PAUSED) {
        become(id, DomainState.RUNNING, "");
        undelivered.add(new DomainResumed(id));
      }
    }
    deliver();
  }

  @Override
  public void pause(VmId id) {
    synchronized (this) {
      if (present(id, "pausing").state() == DomainState.RUNNING) {
        become(id, DomainState.PAUSED, "requested");
        undelivered.add(new DomainPaused(id, PauseReason.REQUESTED));
      }
    }
    deliver();
  }

  @Override
  public void shutdown(VmId id) {
    boolean heeds;
    synchronized (this) {
      reach("asking domain " + id + " to shut down");
      heeds = guestsListen;
    }
    if (heeds) {
      end(id, Ending.SHUTDOWN_BY_GUEST);
    }
  }

  @Override
  public void destroy(VmId id) {
    synchronized (this) {
      reach("destroying domain " + id);
    }
    end(id, Ending.DESTROYED);
  }

  @Override
  public synchronized List<DomainStatus> domains() {
    reach("listing the domains");
    return domains.values().stream().map(SimulatedHypervisor::status).toList();
  }

  @Override
  public synchronized List<DomainJob> blockJobs() {
    reach("listing block jobs");
    return jobs;
  }

  @Override
  public List<DomainJob> blockJobs(VmId id) {
    return blockJobs().stream().filter(job -> job.id().equals(id)).toList();
  }

  @Override
  public boolean cut(VmId id, List<DiskCut> cuts, boolean quiesce) {
    synchronized (this) {
      Domain domain = present(id, "cutting the disks of");
      if (refusal.isPresent()) {
        throw refusal.get().asException();
      }
      domains.put(
          id, new Domain(SimulatedDisks.cut(domain.spec(), cuts), domain.state(), domain.reason()));
      if (answersLost) {
        throw Problem.of(ErrorCode.TIMED_OUT, "cutting the disks of domain " + id).asException();
      }
    }
    return quiesce && guestAgents;
  }

  /** Whether guests bring their file systems to rest when they are asked to; at first not. */
  public synchronized void guestsHaveAgents(boolean have) {
    guestAgents = have;
  }

  @Override
  public void pull(VmId id, Path disk) {
    synchronized (this) {
      present(id, "flattening a disk of");
      if (pullsHang) {
        jobs = List.of(new DomainJob(id, disk, "pull", 1, 2));
        return;
      }
      jobs = List.of();
    }
    SimulatedDisks.pull(disk);
  }

  @Override
  public void copy(VmId id, DiskCopy copy) {
    synchronized (this) {
      Domain domain = present(id, "copying a disk of");
      if (refusal.isPresent()) {
        throw refusal.get().asException();
      }
      boolean own = domain.spec().disks().stream().anyMatch(d -> d.path().equals(copy.from()));
      if (!own || !jobs.isEmpty() || !Files.exists(copy.to())) {
        throw refused(copy);
      }
      jobs = List.of(new DomainJob(id, copy.from(), "copy", copiesHang ? 1 : 2, 2));
    }
  }

  private static RatoonException refused(DiskCopy copy) {
    return Problem.of(ErrorCode.HYPERVISOR_REFUSED, "copying " + copy.from() + " to " + copy.to())
        .asException();
  }

  @Override
  public synchronized CopyState copyState(VmId id, DiskCopy copy) {
    present(id, "looking at the copy of a disk of");
    if (!isCopying(id, copy)) {
      return CopyState.NONE;
    }
    return copiesHang ? CopyState.UNDER_WAY : CopyState.WHOLE;
  }

  private boolean isCopying(VmId id, DiskCopy copy) {
    return jobs.stream().anyMatch(job -> job.id().equals(id) && job.disk().equals(copy.from()));
  }

  @Override
  public synchronized boolean goOver(VmId id, DiskCopy copy) {
    Domain domain = present(id, "letting go over");
    if (domain.spec().disks().stream().anyMatch(disk -> disk.path().equals(copy.to()))) {
      return true;
    }
    if (!isCopying(id, copy)) {
      throw refused(copy);
    }
    if (domain.state() == DomainState.RUNNING) {
      throw new IllegalStateException("the guest of " + id + " is not held");
    }
    if (copiesHang) {
      return false;
    }
    if (overIsLost) {
      throw Problem.of(ErrorCode.HYPERVISOR_UNAVAILABLE, "going over").asException();
    }
    SimulatedDisks.copy(copy);
    jobs = List.of();
    domains.put(
        id,
        new Domain(SimulatedDisks.goneOver(domain.spec(), copy), domain.state(), domain.reason()));
    if (answersLost) {
      throw Problem.of(ErrorCode.TIMED_OUT, "going over to " + copy.to()).asException();
    }
    return true;
  }

  @Override
  public synchronized void endCopy(VmId id, DiskCopy copy) {
    reach("ending the copy of a disk of domain " + id);
    if (answersLost || overIsLost) {
      throw Problem.of(ErrorCode.TIMED_OUT, "ending the copy " + copy.to()).asException();
    }
    if (isCopying(id, copy)) {
      Domain domain = domains.get(id);
      if (domain != null && domain.state() == DomainState.RUNNING) {
        throw new IllegalStateException("the guest of " + id + " is not held");
      }
      jobs = List.of();
    }
  }

  /** Whether copies of disks are not whole for as long as that is not taken back. */
  public synchronized void copiesGoOn(boolean goOn) {
    copiesHang = goOn;
  }

  /** Whether the hypervisor is lost whenever a domain shall go over to a copy, before it does. */
  public synchronized void loseBeforeGoingOver(boolean lost) {
    overIsLost = lost;
  }

  /** Whether a pull goes on until this is taken back and it is begun again. */
  public synchronized void pullsGoOn(boolean goOn) {
    pullsHang = goOn;
  }

  /** From now on this is being done to disks. */
  public synchronized void work(List<DomainJob> underWay) {
    jobs = List.copyOf(underWay);
  }

  @Override
  public synchronized Optional<DomainStatus> domain(VmId id) {
    reach("looking for domain " + id);
    return Optional.ofNullable(domains.get(id)).map(SimulatedHypervisor::status);
  }

  @Override
  public synchronized List<OtherDomain> others() {
    reach("listing the domains of others");
    return List.copyOf(others.values());
  }

  @Override
  public synchronized void takeOver(VmId id, long epoch, String tenant, Definition definition) {
    reach("taking over domain " + id);
    OtherDomain other = others.get(id);
    if (other != null) {
      definition.keep("definition of " + other.name());
      if (refusal.isPresent()) {
        throw refusal.get().asException();
      }
      others.remove(id);
      if (other.running()) {
        domains.put(id, new Domain(spec(other, epoch, tenant), DomainState.RUNNING, ""));
      }
    }
    if (answersLost) {
      throw Problem.of(ErrorCode.TIMED_OUT, "taking over domain " + id).asException();
    }
  }

  private static DomainSpec spec(OtherDomain other, long epoch, String tenant) {
    return new DomainSpec(
        other.id(),
        other.name(),
        tenant,
        epoch,
        other.cpus(),
        other.memoryBytes(),
        other.disks().stream()
            .map(disk -> new DomainDisk(disk.path(), DiskFormat.QCOW2, List.of()))
            .toList(),
        Optional.empty(),
        other.nics(),
        Optional.empty(),
        Path.of("/dev/null"),
        Optional.empty(),
        false,
        Optional.empty());
  }

  /** Whether domains are taken over, or their disks cut, and nobody hears of it. */
  public synchronized void loseAnswers(boolean lost) {
    answersLost = lost;
  }

  /** Somebody else defines a domain here. */
  public synchronized void define(OtherDomain other) {
    others.put(other.id(), other);
  }

  @Override
  public synchronized Optional<String> address(VmId id) {
    reach("asking for the address of domain " + id);
    return domains.containsKey(id) ? Optional.ofNullable(addresses.get(id)) : Optional.empty();
  }

  @Override
  public Subscription listen(Listener listener) {
    listeners.add(listener);
    return () -> listeners.remove(listener);
  }

  @Override
  public synchronized void close() {
    reachable = false;
    listeners.clear();
  }

  /** With which spec the VM's domain was started, if it has one. */
  public synchronized Optional<DomainSpec> spec(VmId id) {
    return Optional.ofNullable(domains.get(id)).map(Domain::spec);
  }

  /** Lets the host offer something else from now on. */
  public synchronized void change(UnaryOperator<HypervisorFacts> change) {
    facts = change.apply(facts);
  }

  /** The hypervisor's daemon dies: every call fails until {@link #reconnect}; domains run on. */
  public void disconnect() {
    synchronized (this) {
      if (!reachable) {
        return;
      }
      reachable = false;
      undelivered.add(new ConnectionLost());
    }
    deliver();
  }

  /** The hypervisor's daemon is back. */
  public void reconnect() {
    synchronized (this) {
      if (reachable) {
        return;
      }
      reachable = true;
      undelivered.add(new ConnectionBack());
    }
    deliver();
  }

  /** Every start of a new domain fails with this problem until {@link #acceptStarts}. */
  public synchronized void refuseStarts(Problem problem) {
    refusal = Optional.of(problem);
  }

  public synchronized void acceptStarts() {
    refusal = Optional.empty();
  }

  /** Whether guests heed a request to shut down; at first they do, at once. */
  public synchronized void guestsHeedShutdown(boolean heed) {
    guestsListen = heed;
  }

  /** The guest knows an address from now on. */
  public synchronized void giveAddress(VmId id, String address) {
    addresses.put(id, address);
  }

  /** The domain ends without anybody having asked. One that is absent stays so. */
  public void end(VmId id, Ending how) {
    synchronized (this) {
      if (domains.remove(id) == null) {
        return;
      }
      addresses.remove(id);
      jobs = jobs.stream().filter(job -> !job.id().equals(id)).toList();
      emitIfReachable(new DomainEnded(id, how));
    }
    deliver();
  }

  /** A disk of the running domain fails, and its processors are held for that. */
  public void failDisk(VmId id, PauseReason reason) {
    synchronized (this) {
      become(id, DomainState.PAUSED, reason.name());
      emitIfReachable(new DomainPaused(id, reason));
    }
    deliver();
  }

  /** The host loses power: all domains are gone, and nobody hears of it. */
  public synchronized void losePower() {
    domains.clear();
    jobs = List.of();
    addresses.clear();
    undelivered.clear();
  }

  private void emitIfReachable(HypervisorEvent event) {
    if (reachable) {
      undelivered.add(event);
    }
  }

  private void reach(String doing) {
    if (!reachable) {
      throw Problem.of(ErrorCode.HYPERVISOR_UNAVAILABLE, doing)
          .detail("The hypervisor cannot be reached.")
          .asException();
    }
  }

  private void checkNetwork(DomainNic nic, String doing) {
    boolean there =
        switch (nic.network()) {
          case NetworkAttachment.User() -> true;
          case NetworkAttachment.Network(String name) -> facts.networks().contains(name);
          case NetworkAttachment.Bridge(String name) -> facts.bridges().contains(name);
        };
    if (!there) {
      throw Problem.of(ErrorCode.NETWORK_MISSING, doing)
          .detail("The host has no " + nic.network().show() + ".")
          .asException();
    }
  }

  private Domain present(VmId id, String verb) {
    String doing = verb + " domain " + id;
    reach(doing);
    Domain domain = domains.get(id);
    if (domain == null) {
      throw Problem.of(ErrorCode.DOMAIN_LOST, doing).detail("It does not exist.").asException();
    }
    return domain;
  }

  private void become(VmId id, DomainState state, String reason) {
    domains.computeIfPresent(id, (i, domain) -> new Domain(domain.spec(), state, reason));
  }

  private static DomainStatus status(Domain domain) {
    DomainSpec spec = domain.spec();
    return new DomainStatus(
        spec.id(),
        spec.epoch(),
        spec.tenant(),
        domain.state(),
        domain.reason(),
        spec.disks().stream().map(DomainDisk::path).toList());
  }

  private void deliver() {
    while (true) {
      List<HypervisorEvent> batch;
      synchronized (this) {
        if (delivering || undelivered.isEmpty()) {
          return;
        }
        delivering = true;
        batch = new ArrayList<>(undelivered);
        undelivered.clear();
      }
      try {
        batch.forEach(event -> listeners.forEach(listener -> listener.on(event)));
      } finally {
        synchronized (this) {
          delivering = false;
        }
      }
    }
  }
}
