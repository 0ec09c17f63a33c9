package dev.ratoon.simulation;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.Findings;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.Known;
import dev.ratoon.protocol.agent.Lineage;
import dev.ratoon.protocol.agent.ServerLink;
import dev.ratoon.protocol.agent.TransferReport;
import dev.ratoon.protocol.agent.VmReport;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;

/**
 * A host and its agent, as a small machine of states: it takes up what it shall be, does that in
 * steps that take simulated time, and reports, as the real agent does. Everything on it is one
 * actor's: one thing at a time.
 */
final class SimulatedHost {
  private static final Duration PAUSE = Duration.ofSeconds(1);
  private static final Duration SOON = Duration.ofMillis(2);

  private final Self self;
  private final Surroundings around;
  private final ServerLink server;
  private final HostCache cache;
  private final VmWork work;
  private final Links.Link link;
  private final Map<VmId, SimulatedVm> vms = new LinkedHashMap<>();
  private final Set<VmId> purged = new HashSet<>();
  private final Set<VmId> changed = new LinkedHashSet<>();

  // What the agent remembers.
  private volatile DesiredState last = new DesiredState("", 0, List.of());
  private volatile boolean askWhole;

  private volatile boolean agentRuns;
  private boolean machineRuns = true;
  private boolean reportComes;
  private final AtomicLong started = new AtomicLong();

  /** Counts the agent's lives: what one had in mind the next does not know of. */
  private int life;

  /** Which host it is. */
  record Self(int number, HostId id, EntityName name, HostSize size) {}

  SimulatedHost(
      Self self, Surroundings around, ServerLink server, Links.Link link, RandomGenerator random) {
    this.self = self;
    this.around = around;
    this.server = server;
    this.link = link;
    this.cache = new HostCache(around.catalogue(), around.scheduler().time().instant());
    link.has(cache::partHad);
    Arrivals arrivals =
        new Arrivals(self, around, server, cache, () -> later(SOON, this::reportWhole));
    this.work = new VmWork(self, around, random, arrivals, this::changed);
  }

  Self self() {
    return self;
  }

  /** The agent starts, as it does after the machine has, too. */
  void start() {
    agentRuns = true;
    machineRuns = true;
    link.up(true);
    life++;
    reportWhole();
    ask();
    List.copyOf(vms.values())
        .forEach(vm -> {
          if (!vm.settled) {
            vm.beginAnew();
            work.drive(vm);
          }
        });
    later(around.pace().firstReport(self.number()), this::beat);
  }

  /** The agent ends; its VMs run on. */
  void stopAgent() {
    agentRuns = false;
    life++;
    work.stop();
    changed.clear();
    reportComes = false;
  }

  /** The machine is without power. */
  void losePower() {
    stopAgent();
    machineRuns = false;
    link.up(false);
    for (SimulatedVm vm : vms.values()) {
      if (vm.runs) {
        vm.runs = false;
        vm.restarts++;
        vm.settled = vm.settled && vm.wanted.power() != DesiredPower.RUNNING;
      }
    }
  }

  /** Its link is so many times as slow as it was made. */
  void slowDown(int times) {
    link.slowDown(times);
  }

  /** The newest revision that its agent waits for something newer than; empty if it does not. */
  boolean listens() {
    return agentRuns;
  }

  Known known() {
    DesiredState taken = last;
    return askWhole ? Known.whole(taken.revision()) : Known.of(taken);
  }

  /** Puts a base there as an operator would, before anything begins. */
  void give(DiskId base) {
    cache.put(base);
  }

  /** The server may have something newer. */
  void ask() {
    if (!agentRuns) {
      return;
    }
    try {
      server.desired(self.id(), known(), Duration.ZERO).ifPresent(this::takeUp);
    } catch (RatoonException lost) {
      later(PAUSE, this::reportWhole);
      later(PAUSE, this::ask);
    } catch (InterruptedException stopped) {
      throw new IllegalStateException(stopped);
    }
  }

  /** Takes up what the host shall be, unless it is older than what it knows. */
  void takeUp(DesiredState told) {
    boolean strange = last.revision() > 0 && !last.incarnation().equals(told.incarnation());
    if (strange || told.revision() <= last.revision()) {
      return;
    }
    Optional<DesiredState> whole = told.onto(last);
    askWhole = whole.isEmpty();
    if (whole.isEmpty()) {
      return;
    }
    last = whole.get();
    told.vms().forEach(this::want);
    if (told.vms().stream().allMatch(vm -> vm.power() == DesiredPower.PURGED)) {
      later(SOON, this::reportWhole);
    }
  }

  private void want(DesiredVm wanted) {
    SimulatedVm vm = vms.get(wanted.id());
    if (vm == null) {
      boolean gone = wanted.power() == DesiredPower.PURGED || purged.contains(wanted.id());
      if (!gone) {
        SimulatedVm fresh = new SimulatedVm(wanted);
        vms.put(wanted.id(), fresh);
        work.drive(fresh);
      }
    } else if (!vm.wanted.equals(wanted) && wanted.epoch() >= vm.wanted.epoch()) {
      vm.want(wanted);
      work.drive(vm);
    }
  }

  private void changed(SimulatedVm vm) {
    if (vm.settled && vm.runs) {
      started.incrementAndGet();
    }
    if (vm.settled && vm.wanted.power() == DesiredPower.PURGED) {
      vms.remove(vm.id());
      purged.add(vm.id());
      later(SOON, this::reportWhole);
      return;
    }
    changed.add(vm.id());
    if (!reportComes) {
      reportComes = true;
      later(SOON, this::reportChanged);
    }
  }

  private void reportChanged() {
    reportComes = false;
    List<VmReport> reports =
        changed.stream()
            .flatMap(id -> Optional.ofNullable(vms.get(id)).stream())
            .map(SimulatedVm::report)
            .toList();
    changed.clear();
    if (!reports.isEmpty()) {
      orAgain(() -> server.report(self.id(), reports));
    }
  }

  /** Now and then it says how it is as a whole. */
  private void beat() {
    Duration said = server.betweenReports();
    Duration own = around.pace().report();
    later(
        said.compareTo(own) > 0 ? said : own,
        () -> {
          reportWhole();
          beat();
        });
  }

  private void reportWhole() {
    orAgain(() -> server.report(wholeReport()));
  }

  /** A report that is lost is made good by the next whole one. */
  private void orAgain(Runnable report) {
    try {
      report.run();
    } catch (RatoonException lost) {
      later(PAUSE, this::reportWhole);
    }
  }

  private HostReport wholeReport() {
    return new HostReport(
        self.id(),
        self.name(),
        last.incarnation(),
        last.revision(),
        self.size().facts(cache.usedBytes() + vms.size() * SimulatedVm.OVERLAY_BYTES),
        Optional.empty(),
        cache.reports(),
        vms.values().stream().map(SimulatedVm::report).toList(),
        List.of(),
        Optional.of("10.0.0.1:7801"),
        List.of(),
        Optional.of(
            new TransferReport("run-" + life, 0, 0, List.of(), TransferReport.Arrived.NOTHING)),
        Optional.of(
            new Findings(
                last.revision(),
                last.lineage().map(Lineage::run),
                List.of(),
                List.of(),
                List.of(),
                0)),
        List.of(),
        Optional.empty());
  }

  private void later(Duration delay, Runnable action) {
    int begun = life;
    around
        .scheduler()
        .after(
            delay,
            self.number(),
            () -> {
              if (begun == life && agentRuns) {
                action.run();
              }
            });
  }

  /** For whoever looks at it between two slices of time. */
  Collection<SimulatedVm> vms() {
    return vms.values();
  }

  boolean hasBase(DiskId base) {
    return cache.has(base);
  }

  boolean wasPurged(VmId vm) {
    return purged.contains(vm);
  }

  /** How many VMs have settled, as far as another thread sees. */
  long started() {
    return started.get();
  }

  boolean machineRuns() {
    return machineRuns;
  }
}
