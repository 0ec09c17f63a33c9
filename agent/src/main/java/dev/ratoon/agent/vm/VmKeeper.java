package dev.ratoon.agent.vm;

import dev.ratoon.agent.hypervisor.DomainState;
import dev.ratoon.agent.hypervisor.DomainStatus;
import dev.ratoon.agent.hypervisor.HypervisorEvent.Ending;
import dev.ratoon.agent.hypervisor.HypervisorEvent.PauseReason;
import dev.ratoon.agent.work.Patience;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.VmReport;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one VM as it shall be, on a thread of its own: asks {@link VmDecision} what comes next,
 * does it, and again, until there is nothing to do; then sleeps until something happens. So nothing
 * is ever done twice at once to one VM, and an agent that was killed simply begins to ask again.
 */
final class VmKeeper implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(VmKeeper.class);
  private static final Duration LOOK_ANYWAY = Duration.ofSeconds(30);
  private static final Duration STEADY = Duration.ofMinutes(10);
  private static final Duration LONGEST_RESTART_DELAY = Duration.ofSeconds(60);

  /**
   * An event of a domain's end can overtake the hypervisor's list; one older than this is of an
   * earlier domain.
   */
  private static final Duration EVENT_AHEAD_OF_LIST = Duration.ofSeconds(2);

  /** Much memory that is taken beforehand takes minutes. */
  private static final Duration LONGEST_START = Duration.ofMinutes(10);

  /** The next daemon ends what the one before had begun to start, unless it hangs over that. */
  private static final Duration LONGEST_START_OF_A_LOST_DAEMON = Duration.ofSeconds(20);

  private static final int MOST_ACTIONS_AT_A_TIME = 20;

  /** Whoever is away may come back: the hypervisor, the server, a host that has a base, a share. */
  private static final Set<ErrorCode> PASSING =
      Set.of(
          ErrorCode.HYPERVISOR_UNAVAILABLE,
          ErrorCode.TIMED_OUT,
          ErrorCode.SERVER_UNREACHABLE,
          ErrorCode.SHARE_UNAVAILABLE);

  private final VmId id;
  private final VmWork work;
  private final InstantSource clock;
  private final Wait bases = new Wait();
  private final Wait layering = new Wait();
  private final FullDisk fullDisk = new FullDisk();
  private final Semaphore pokes = new Semaphore(0);
  private final Thread thread;

  private volatile boolean closed;
  private volatile DesiredVm wanted;
  private volatile Optional<Ended> ended = Optional.empty();
  private volatile Optional<VmReport> report = Optional.empty();

  /** Whether the daemon was lost since the domain was last started by this process. */
  private volatile boolean daemonWasLost;

  // Only the keeper's own thread uses what follows.
  private final Patience patience = new Patience(Patience.OF_A_USER);
  private long revisionAtWork;
  private Optional<Instant> shutdownAskedAt = Optional.empty();
  private Instant notBefore = Instant.MIN;
  private Optional<Instant> startingSince = Optional.empty();

  private record Ended(Ending how, Instant at) {}

  /**
   * @param clock one that does not jump: intervals are measured by it
   */
  VmKeeper(DesiredVm wanted, VmWork work, InstantSource clock) {
    this.id = wanted.id();
    this.wanted = wanted;
    this.work = work;
    this.clock = clock;
    this.revisionAtWork = wanted.powerRevision();
    this.thread = Thread.ofVirtual().name("vm-" + wanted.name()).unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /** What the VM shall be. */
  DesiredVm wanted() {
    return wanted;
  }

  /** What the VM shall be from now on. One of an older epoch than was seen is refused. */
  void want(DesiredVm newer) {
    DesiredVm before = wanted;
    if (newer.epoch() < before.epoch()) {
      LOG.warn(
          "VM {}: refused epoch {}, epoch {} was seen before", id, newer.epoch(), before.epoch());
      return;
    }
    wanted = newer;
    if (!newer.equals(before)) {
      if (!isTowardsRunning(newer)) {
        bases.end();
      }
      if (isTowardsNothing(newer)) {
        layering.end();
      }
      poke();
    }
  }

  private static boolean isTowardsRunning(DesiredVm vm) {
    return vm.power() == DesiredPower.RUNNING || vm.power() == DesiredPower.PAUSED;
  }

  /** Its domain has ended. */
  void ended(Ending how) {
    ended = Optional.of(new Ended(how, now()));
    poke();
  }

  /** Its domain's processors are held. */
  void held(PauseReason why) {
    if (why == PauseReason.DISK_FULL) {
      LOG.warn("VM {}: its host's disk is full, the guest is held", id);
    }
    fullDisk.held(why);
    poke();
  }

  /** Its domain goes on, or is another one; or it is not known what was missed. */
  void resumed() {
    fullDisk.forget();
    poke();
  }

  /** The hypervisor was away: it is not known what was missed. */
  void hypervisorBack() {
    daemonWasLost = true;
    resumed();
  }

  /** Something may have happened: look. */
  void poke() {
    pokes.release();
  }

  /** How the VM is; empty until it was looked at for the first time. */
  Optional<VmReport> report() {
    return report.map(last -> work.refreshed(wanted, last));
  }

  /** Stops keeping it; the VM itself is left as it is. Returns when the thread has ended. */
  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    try {
      thread.join();
    } catch (InterruptedException hurried) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    try {
      while (!closed) {
        Instant lookAgain = tend();
        long millis = Math.max(1, Duration.between(now(), lookAgain).toMillis());
        if (pokes.tryAcquire(millis, TimeUnit.MILLISECONDS)) {
          pokes.drainPermits();
        }
      }
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
    }
  }

  /** Does what is to be done now, and returns when to look again if nothing happens before. */
  private Instant tend() {
    DesiredVm vm = wanted;
    if (vm.powerRevision() != revisionAtWork) {
      revisionAtWork = vm.powerRevision();
      shutdownAskedAt = Optional.empty();
      notBefore = Instant.MIN;
      patience.renew();
      work.timeline(id).clear();
    }
    try {
      return tend(vm);
    } catch (RatoonException trouble) {
      boolean overtaken = wanted.powerRevision() != vm.powerRevision();
      return closed || overtaken ? now() : afterTrouble(vm, trouble.problem());
    } catch (RuntimeException defect) {
      if (closed) {
        return now();
      }
      LOG.error("VM {}: unexpected failure", id, defect);
      return afterTrouble(
          vm,
          Problem.of(ErrorCode.INTERNAL, "keeping VM '" + vm.name() + "' as it shall be")
              .detail(defect.toString()));
    }
  }

  private Instant tend(DesiredVm vm) {
    Optional<DomainStatus> justMade = Optional.empty();
    for (int i = 0; i < MOST_ACTIONS_AT_A_TIME; i++) {
      Optional<DomainStatus> domain = justMade.isPresent() ? justMade : work.domain(id);
      Instant now = now();
      VmRecord record = noteEnding(work.record(vm), domain, now);
      VmDecision.Moment moment =
          new VmDecision.Moment(
              now,
              shutdownAskedAt,
              notBefore,
              work.hasFolder(id),
              work.startedHere(id),
              work.givenAway(vm),
              startHangs(domain, now));
      switch (VmDecision.next(vm, record, domain, moment)) {
        case VmAction.Settled(VmState state, Optional<Problem> problem) -> {
          patience.renew();
          if (fullDisk.holds(vm, domain)) {
            work.makeRoom(vm);
            if (fullDisk.mayGoOn(now, () -> work.freeBytes(vm))) {
              LOG.info("VM {}: there is room again, it goes on", id);
              work.resume(vm);
              continue;
            }
            publish(vm, record, true, state, Optional.of(FullDisk.problem(vm)));
            if (!work.isMoveDue(vm, domain)) {
              return now.plus(FullDisk.BETWEEN_TRIES);
            }
            // Off the full disk, perhaps.
            Optional<Instant> goesOn = layer(vm, record);
            if (goesOn.isPresent()) {
              return goesOn.get();
            }
            continue;
          }
          if (state == VmState.RUNNING) {
            work.watchConsole(id);
          }
          boolean ranBefore = report.filter(last -> last.state() == VmState.RUNNING).isPresent();
          boolean due = work.isLayeringDue(vm, record, domain);
          if (!due || !work.isLayeringQuick(vm, record)) {
            publish(vm, record, true, state, problem);
          }
          if (due) {
            Optional<Instant> goesOn = layer(vm, record);
            if (goesOn.isPresent()) {
              return goesOn.get();
            }
            continue;
          }
          patience.renew();
          if (ranBefore && state == VmState.RUNNING) {
            // Not at once: others may wait to be started.
            work.lookAtMachine(record);
          }
          return now.plus(ended.isPresent() ? EVENT_AHEAD_OF_LIST : LOOK_ANYWAY);
        }
        case VmAction.WaitUntil(Instant until) -> {
          publish(vm, record, false, stateOf(domain), Optional.empty());
          return until;
        }
        case VmAction.Start(boolean paused, boolean restart) -> {
          start(vm, record, restart, now);
          DomainState state = paused ? DomainState.PAUSED : DomainState.RUNNING;
          justMade =
              Optional.of(new DomainStatus(id, vm.epoch(), vm.tenant(), state, "", List.of()));
        }
        case VmAction.AskShutdown() -> {
          work.askShutdown(id);
          shutdownAskedAt = Optional.of(now);
        }
        case VmAction.TakeOver() -> work.takeOver(vm, record);
        case VmAction.MakeFiles() -> {
          // It may take long, and then it shall be seen how far it is.
          publish(vm, record, false, stateOf(domain), Optional.empty());
          makeFiles(vm, record);
        }
        case VmAction.NoteStarted() -> work.noteStarted(vm, record);
        case VmAction.Resume() -> {
          work.resume(vm);
          work.noteStarted(
              vm, record); // a guest that is held again at once is not resumed for ever
        }
        case VmAction.Pause() -> work.pause(id);
        case VmAction.Destroy() -> work.destroy(id);
        case VmAction.MoveToTrash() -> work.moveToTrash(vm);
        case VmAction.BringBack() -> work.bringBack(id);
        case VmAction.Purge() -> work.purge(id);
      }
    }
    throw Problem.of(ErrorCode.INTERNAL, "keeping VM '" + vm.name() + "' as it shall be")
        .detail("It does not come to rest.")
        .asException();
  }

  private void makeFiles(DesiredVm vm, VmRecord record) {
    String doing = "bringing the bases of VM '" + vm.name() + "'";
    work.makeFiles(vm, record, wait -> bases.during(() -> isTowardsRunning(wanted), doing, wait));
  }

  /** It may take long; who deletes the VM meanwhile does not wait for it. */
  private Optional<Instant> layer(DesiredVm vm, VmRecord record) {
    List<Instant> goesOn = new ArrayList<>();
    layering.during(
        () -> !isTowardsNothing(wanted),
        "changing the layers of VM '" + vm.name() + "'",
        () -> work.layer(vm, record, work.domain(id)).ifPresent(goesOn::add));
    return goesOn.stream().findFirst();
  }

  private static boolean isTowardsNothing(DesiredVm vm) {
    return vm.power() == DesiredPower.TRASHED || vm.power() == DesiredPower.PURGED;
  }

  private void start(DesiredVm vm, VmRecord record, boolean restart, Instant now) {
    int restarts = 0;
    if (restart) {
      boolean wasSteady =
          record.run().filter(run -> run.startedAt().plus(STEADY).isBefore(work.now())).isPresent();
      restarts = wasSteady ? 1 : record.run().map(VmRecord.Run::restarts).orElse(0) + 1;
      notBefore = now.plus(restartDelay(restarts));
      LOG.info("VM {}: started again by its restart policy, try {}", id, restarts);
    }
    ended = Optional.empty();
    daemonWasLost = false;
    work.start(vm, record, restarts);
  }

  private boolean startHangs(Optional<DomainStatus> domain, Instant now) {
    if (domain.filter(known -> known.state() == DomainState.STARTING).isEmpty()) {
      startingSince = Optional.empty();
      return false;
    }
    Instant since = startingSince.orElse(now);
    startingSince = Optional.of(since);
    Duration longest = daemonWasLost ? LONGEST_START_OF_A_LOST_DAEMON : LONGEST_START;
    boolean hangs = since.plus(longest).isBefore(now);
    if (hangs) {
      LOG.warn("VM {}: its domain has been starting since {}, it is ended", id, since);
    }
    return hangs;
  }

  private static Duration restartDelay(int restarts) {
    Duration delay = Duration.ofSeconds(1L << Math.min(restarts - 1, 6));
    return delay.compareTo(LONGEST_RESTART_DELAY) < 0 ? delay : LONGEST_RESTART_DELAY;
  }

  /** Writes down how the domain ended, once it is gone. */
  private VmRecord noteEnding(VmRecord record, Optional<DomainStatus> domain, Instant now) {
    Optional<Ended> event = ended;
    if (event.isEmpty()) {
      return record;
    }
    if (domain.isPresent()) {
      if (event.get().at().plus(EVENT_AHEAD_OF_LIST).isBefore(now)) {
        ended = Optional.empty();
      }
      return record;
    }
    ended = Optional.empty();
    return work.noteEnding(record, event.get().how());
  }

  /**
   * What may pass is tried again; a user who waits is told after a while. A VM that has run for
   * this request is never given up, so that it comes back with whatever it lacks: its hypervisor,
   * its network, room.
   */
  private Instant afterTrouble(DesiredVm vm, Problem problem) {
    Instant now = now();
    boolean mayPass = PASSING.contains(problem.code());
    Instant again = patience.nextTry(now);
    try {
      VmRecord record = work.record(vm);
      boolean toBeTakenOver = !vm.takeOver().isEmpty() && !record.disksMade();
      boolean towardsRunning = isTowardsRunning(vm) || toBeTakenOver;
      boolean ranBefore = record.startedFor(vm.powerRevision());
      if (towardsRunning && !ranBefore && (!mayPass || patience.isOver(now))) {
        LOG.warn("VM {}: given up: {}", id, problem.oneLine());
        VmRecord failed = work.giveUp(vm, record, problem);
        publish(vm, failed, true, VmState.FAILED, Optional.of(problem));
        return now.plus(LOOK_ANYWAY);
      }
      // While the hypervisor is away nobody knows better than what was seen last.
      VmState state = mayPass ? lastState() : VmState.FAILED;
      boolean told = ranBefore || (!towardsRunning && patience.isOver(now));
      publish(vm, record, told, state, Optional.of(problem));
    } catch (RatoonException unreadable) {
      LOG.error("VM {}: {}", id, unreadable.problem().oneLine());
      VmRecord unknown = VmRecord.fresh(id, vm.epoch());
      publish(vm, unknown, true, VmState.FAILED, Optional.of(unreadable.problem()));
    }
    return again;
  }

  private VmState lastState() {
    return report.map(VmReport::state).orElse(VmState.DEPLOYING);
  }

  private static VmState stateOf(Optional<DomainStatus> domain) {
    return domain.isEmpty()
        ? VmState.DEPLOYING
        : domain.get().state() == DomainState.PAUSED ? VmState.PAUSED : VmState.RUNNING;
  }

  private Instant now() {
    return clock.instant();
  }

  private void publish(
      DesiredVm vm, VmRecord record, boolean settled, VmState state, Optional<Problem> problem) {
    VmReport next = work.report(vm, record, settled, state, problem);
    boolean changed = report.filter(next::equals).isEmpty();
    report = Optional.of(next);
    if (changed) {
      work.changed(id);
    }
  }
}
