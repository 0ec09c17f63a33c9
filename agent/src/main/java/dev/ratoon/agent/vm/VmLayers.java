package dev.ratoon.agent.vm;

import dev.ratoon.agent.bases.Bases;
import dev.ratoon.agent.hypervisor.DomainJob;
import dev.ratoon.agent.hypervisor.DomainStatus;
import dev.ratoon.agent.vm.Layers.Cut;
import dev.ratoon.agent.work.Timeline;
import dev.ratoon.disk.qcow2.Qcow2Header;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.OperationStep;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredLayering;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.LayerTask;
import dev.ratoon.protocol.agent.LayeringReport;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is done to the disks of VMs as layers, once a VM is at rest in the state that is wanted.
 * Between its runs a disk is always one file on one base that lies in a cache under its disk id;
 * what leads from there to there is {@link Freezing}, {@link Settling} and {@link Relayering}.
 */
final class VmLayers {
  static final String CUT = "freeze";
  static final String PUBLISH = "publish";
  private static final String SETTLE = "settle";
  private static final String RENEW = "renew";
  private static final String REBASE = "rebase";
  private static final String FLATTEN = "flatten";

  private static final Logger LOG = LoggerFactory.getLogger(VmLayers.class);
  private static final Duration TRY_AGAIN = Duration.ofMinutes(5);
  private static final Duration LOOK_AT_JOB = Duration.ofMillis(500);
  private static final int MOST_PULLS = 3;

  /** What is tried again for as long as it takes; all else is said to who asked. */
  private static final Set<ErrorCode> PASSING =
      EnumSet.of(
          ErrorCode.HYPERVISOR_UNAVAILABLE,
          ErrorCode.TIMED_OUT,
          ErrorCode.SERVER_UNREACHABLE,
          ErrorCode.SHARE_UNAVAILABLE,
          ErrorCode.INTERRUPTED);

  /** What the hypervisor says of a domain that is ending, which it does not know yet. */
  private static final Set<ErrorCode> OF_THE_END =
      EnumSet.of(ErrorCode.HYPERVISOR_REFUSED, ErrorCode.DOMAIN_LOST);

  private static final int LOOKS_FOR_THE_END = 20;
  private static final long LOOK_MILLIS = 50;

  private final LayerTools tools;
  private final Freezing freezing;
  private final Settling settling;
  private final Relayering relayering;
  private final Copying copying;

  /** When to try again what nobody waits for, and failed. */
  private final Map<VmId, Later> notBefore = new ConcurrentHashMap<>();

  /** How often a pull was begun. */
  private final Map<VmId, Integer> pulls = new ConcurrentHashMap<>();

  /**
   * @param ran whether there was a domain: once that has ended all may be clear
   */
  private record Later(Instant until, boolean ran) {
    boolean isOver(Instant now, Optional<DomainStatus> domain) {
      return !now.isBefore(until) || (ran && domain.isEmpty());
    }
  }

  VmLayers(LayerTools tools) {
    this.tools = tools;
    this.freezing = new Freezing(tools);
    this.settling = new Settling(tools);
    this.relayering = new Relayering(tools);
    this.copying = new Copying(tools);
  }

  /** Whether there is something to do, as far as what is remembered tells. */
  boolean isDue(DesiredVm wanted, VmRecord record, Optional<DomainStatus> domain) {
    if (record.trashed()) {
      return false;
    }
    boolean left = record.layers().filter(known -> isLeft(wanted, known, domain)).isPresent();
    return left || asked(wanted, record).isPresent();
  }

  /** Whether that is a move of a disk, which a guest that finds no room may need. */
  boolean isMoveDue(DesiredVm wanted, VmRecord record, Optional<DomainStatus> domain) {
    Optional<LayerTask> task = asked(wanted, record).map(DesiredLayering::task);
    boolean moves =
        task.isPresent()
            ? task.get() == LayerTask.MOVE || task.get() == LayerTask.MOVE_FILE
            : record.layers().flatMap(Layers::copy).isPresent();
    return moves && isDue(wanted, record, domain);
  }

  /** Whether only names are left to be corrected: who was told that a VM is stopped may open it. */
  static boolean isQuick(DesiredVm wanted, VmRecord record) {
    return asked(wanted, record).isEmpty()
        && record.layers().filter(known -> !known.isPending()).isPresent();
  }

  private boolean isLeft(DesiredVm wanted, Layers known, Optional<DomainStatus> domain) {
    Later later = notBefore.get(wanted.id());
    return (later == null || later.isOver(tools.records().now(), domain))
        && (known.isPending()
            || known.copy().isPresent()
            || (domain.isEmpty() && !known.isSettled())
            || freezing.wasCut(wanted.withDisks(known.disks()), known, domain));
  }

  private static Optional<DesiredLayering> asked(DesiredVm wanted, VmRecord record) {
    return wanted
        .layering()
        .filter(asked -> asked.revision() > record.layers().map(Layers::done).orElse(0L));
  }

  /**
   * Does what is due.
   *
   * @return when to look again at something that goes on by itself; empty if nothing does
   * @throws RatoonException what may pass
   */
  Optional<Instant> tend(DesiredVm wanted, VmRecord record, Optional<DomainStatus> domain) {
    Layers known = current(wanted);
    Optional<DesiredLayering> asked = asked(wanted, record);
    if (asked.isEmpty()) {
      tidy(wanted, domain);
      return Optional.empty();
    }
    Timeline timeline = tools.records().timeline(wanted.id());
    try {
      requireDisks(wanted, record);
      Optional<Instant> goesOn = carryOut(wanted, known, domain, asked.get(), timeline);
      if (goesOn.isEmpty()) {
        pulls.remove(wanted.id());
        copying.forget(wanted.id());
        tools.records().update(wanted, now -> now.done(asked.get().revision(), timeline.steps()));
      }
      return goesOn;
    } catch (RatoonException failed) {
      if (PASSING.contains(failed.problem().code()) || hasEnded(wanted, domain, failed)) {
        throw failed;
      }
      LOG.warn("VM {}: {}", wanted.id(), failed.problem().oneLine());
      decideIfPossible(wanted, domain);
      giveUp(wanted, domain, asked.get(), timeline.steps(), failed.problem());
      return Optional.empty();
    }
  }

  /**
   * Whether it failed because the guest has ended meanwhile: what is due can be done without it.
   */
  private boolean hasEnded(DesiredVm vm, Optional<DomainStatus> domain, RatoonException failed) {
    if (domain.isEmpty() || !OF_THE_END.contains(failed.problem().code())) {
      return false;
    }
    try {
      for (int look = 0; look < LOOKS_FOR_THE_END; look++) {
        if (tools.hypervisor().domain(vm.id()).isEmpty()) {
          return true;
        }
        Thread.sleep(LOOK_MILLIS);
      }
      return false;
    } catch (RatoonException unknown) {
      return true;
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  private static void requireDisks(DesiredVm vm, VmRecord record) {
    if (!record.disksMade()) {
      throw Problem.of(ErrorCode.WRONG_STATE, "changing the layers of VM '" + vm.name() + "'")
          .detail("It has no disks yet.")
          .next("Start it first: ratoon vm start " + vm.name())
          .asException();
    }
  }

  private void decideIfPossible(DesiredVm wanted, Optional<DomainStatus> domain) {
    try {
      copying.settle(wanted);
      Layers _ = decide(wanted, domain);
    } catch (RatoonException later) {
      LOG.warn("VM {}: {}", wanted.id(), later.problem().oneLine());
    }
  }

  private void giveUp(
      DesiredVm wanted,
      Optional<DomainStatus> domain,
      DesiredLayering asked,
      List<OperationStep> steps,
      Problem why) {
    pulls.remove(wanted.id());
    copying.forget(wanted.id());
    if (current(wanted).copy().isEmpty()) { // a guest may be held for it: then at once
      putOff(wanted.id(), domain);
    }
    tools.records().update(wanted, now -> now.givenUp(asked.revision(), steps, why));
  }

  /** What is left to do of what was done before, which nobody waits for. */
  private void tidy(DesiredVm wanted, Optional<DomainStatus> domain) {
    try {
      settle(wanted, domain);
      notBefore.remove(wanted.id());
    } catch (RatoonException later) {
      LOG.warn("VM {}: {}", wanted.id(), later.problem().oneLine());
      putOff(wanted.id(), domain);
    }
  }

  private void putOff(VmId id, Optional<DomainStatus> domain) {
    notBefore.put(id, new Later(tools.records().now().plus(TRY_AGAIN), domain.isPresent()));
  }

  private Optional<Instant> carryOut(
      DesiredVm wanted,
      Layers known,
      Optional<DomainStatus> domain,
      DesiredLayering asked,
      Timeline timeline) {
    switch (asked.task()) {
      case FREEZE -> {
        copying.settle(wanted);
        if (known.moment().filter(m -> m.revision() == asked.revision()).isEmpty()) {
          timeline.clear();
          Layers standing = withoutCutOfBefore(wanted, decide(wanted, domain), domain, asked);
          timeline.step(
              CUT,
              () ->
                  freezing.cut(
                      wanted.withDisks(standing.disks()),
                      standing,
                      domain,
                      new Cut(asked.revision()),
                      asked.quiesce()));
        }
        settle(wanted, domain);
      }
      case RENEW, RENEW_UNWRITTEN -> {
        requireStopped(wanted, domain);
        settle(wanted, domain);
        DesiredVm standing = wanted.withDisks(current(wanted).disks());
        timeline.step(
            RENEW,
            () -> {
              if (asked.task() == LayerTask.RENEW_UNWRITTEN) {
                relayering.requireUnwritten(standing, asked);
              }
              relayering.renew(standing, asked, progress(timeline, RENEW));
            });
      }
      case REBASE -> {
        requireStopped(wanted, domain);
        settle(wanted, domain);
        DesiredVm standing = wanted.withDisks(current(wanted).disks());
        timeline.step(REBASE, () -> relayering.rebase(standing, asked, progress(timeline, REBASE)));
      }
      case FLATTEN -> {
        return flatten(wanted, domain, timeline);
      }
      case MOVE, MOVE_FILE -> {
        if (domain.isEmpty() || current(wanted).copy().isEmpty()) {
          settle(wanted, domain);
        }
        if (current(wanted).cut().isPresent()) {
          throw Freezing.unclear(wanted, "moving a disk of").asException();
        }
        boolean done =
            asked.task() == LayerTask.MOVE
                ? new CacheMove(tools, copying).advance(wanted, domain, asked, timeline)
                : new FileMove(tools, copying).advance(wanted, domain, asked, timeline);
        if (!done) {
          return Optional.of(tools.records().now().plus(LOOK_AT_JOB));
        }
      }
    }
    return Optional.empty();
  }

  /** What an earlier request froze, as it turns out, is not what is asked for now. */
  private Layers withoutCutOfBefore(
      DesiredVm wanted, Layers known, Optional<DomainStatus> domain, DesiredLayering asked) {
    boolean isOfBefore = known.cut().filter(cut -> cut.revision() != asked.revision()).isPresent();
    return isOfBefore && freezing.complete(wanted.withDisks(known.disks()), known, domain)
        ? current(wanted)
        : known;
  }

  private static Bases.Progress progress(Timeline timeline, String step) {
    return (done, total) -> timeline.progress(step, done, total);
  }

  private Layers current(DesiredVm vm) {
    return tools.records().update(vm, layers -> layers);
  }

  private static void requireStopped(DesiredVm vm, Optional<DomainStatus> domain) {
    if (domain.isPresent()) {
      throw Problem.of(ErrorCode.WRONG_STATE, "changing what VM '" + vm.name() + "' stands on")
          .detail("It runs.")
          .next("Stop it first: ratoon vm stop " + vm.name())
          .asException();
    }
  }

  /**
   * Brings the layers to rest as far as can be while there is a domain, or none: after this a VM
   * without one is on bases of the cache, by their names there.
   */
  private void settle(DesiredVm wanted, Optional<DomainStatus> domain) {
    copying.settle(wanted);
    Layers known = decide(wanted, domain);
    DesiredVm before = wanted.withDisks(known.disks());
    boolean noneAbout = freezing.complete(before, known, domain);
    Layers cut = current(wanted);
    Timeline timeline = tools.records().timeline(wanted.id());
    if (cut.isPending() || freezing.hasVariables(wanted, cut)) {
      timeline.step(PUBLISH, () -> freezing.publish(wanted.withDisks(cut.disks()), cut));
    }
    Layers published = current(wanted);
    if (domain.isEmpty() && noneAbout && !published.isSettled()) {
      timeline.step(SETTLE, () -> settling.run(wanted.withDisks(published.disks()), published));
    }
  }

  /** What became of something that was cut short; not while a domain is still at it. */
  private Layers decide(DesiredVm wanted, Optional<DomainStatus> domain) {
    Layers known = current(wanted);
    boolean goesOn =
        !known.about().isEmpty()
            && domain.isPresent()
            && !tools.hypervisor().blockJobs(wanted.id()).isEmpty();
    return goesOn ? known : settling.decide(wanted, known);
  }

  /** Before a start: a guest runs on a base of the cache, and on nothing else. */
  void settleBeforeStart(DesiredVm wanted, VmRecord record) {
    record
        .layers()
        .filter(known -> !known.isSettled())
        .ifPresent(known -> {
          mendBelow(wanted, known);
          settle(wanted, Optional.empty());
        });
  }

  /**
   * A base that went wrong below a frozen file is brought anew before that is hashed on it, and one
   * that such a file became, before a disk is put on it.
   */
  private void mendBelow(DesiredVm wanted, Layers known) {
    known.frozen().stream()
        .flatMap(frozen -> frozen.base().or(frozen::below).stream())
        .distinct()
        .forEach(base -> tools.bases().ready(base, wanted, (done, total) -> {}));
  }

  /** Before a guest that is held goes on. */
  void settleBeforeResume(DesiredVm wanted, VmRecord record) {
    if (record.layers().flatMap(Layers::copy).isPresent()) {
      copying.settleBeforeResume(wanted);
    }
  }

  /** Whatever takes room from a guest only for what is being done to disks goes. */
  void makeRoom(DesiredVm wanted, VmRecord record) {
    if (record.layers().flatMap(Layers::copy).isPresent()) {
      copying.makeRoom(wanted);
    }
  }

  /** Before its folder goes to the trash: afterwards nobody asks what the domain wrote last. */
  void completeCut(DesiredVm wanted, VmRecord record) {
    record
        .layers()
        .map(before -> settling.decide(wanted, before))
        .ifPresent(known -> {
          copying.settle(wanted);
          boolean _ = freezing.complete(wanted.withDisks(known.disks()), known, Optional.empty());
        });
  }

  private Optional<Instant> flatten(
      DesiredVm wanted, Optional<DomainStatus> domain, Timeline timeline) {
    VmId id = wanted.id();
    settle(wanted, domain);
    DesiredVm vm = wanted.withDisks(current(wanted).disks());
    if (domain.isEmpty()) {
      timeline.step(FLATTEN, () -> relayering.flatten(vm, progress(timeline, FLATTEN)));
      return Optional.empty();
    }
    if (current(wanted).cut().isPresent()) {
      throw Freezing.unclear(wanted, "flattening").asException();
    }
    Path folder = tools.folder(id);
    List<DomainJob> jobs = tools.hypervisor().blockJobs(id);
    List<DesiredDisk> standing = new ArrayList<>(vm.disks());
    for (int i = 0; i < vm.disks().size(); i++) {
      VmDisk disk = VmDisk.of(vm, folder, i);
      if (!disk.isChild()) {
        continue;
      }
      Optional<DomainJob> job =
          jobs.stream().filter(each -> each.disk().equals(disk.file())).findFirst();
      if (job.isPresent()) {
        timeline.progress(FLATTEN, job.get().done(), Math.max(1, job.get().total()));
        return Optional.of(tools.records().now().plus(LOOK_AT_JOB));
      }
      if (Qcow2Header.read(disk.file()).backingName().isPresent()) {
        standing.set(i, disk.wanted().on(Optional.empty()));
        List<DesiredDisk> about = List.copyOf(standing);
        tools.records().update(wanted, layers -> layers.changing(about));
        pull(vm, disk);
        timeline.progress(FLATTEN, 0, 1);
        return Optional.of(tools.records().now().plus(LOOK_AT_JOB));
      }
      standing.set(i, disk.wanted().on(Optional.empty()));
      List<DesiredDisk> now = List.copyOf(standing);
      tools.records().update(wanted, layers -> layers.standing(now));
    }
    timeline.step(FLATTEN, () -> {});
    return Optional.empty();
  }

  private void pull(DesiredVm vm, VmDisk disk) {
    if (pulls.merge(vm.id(), 1, Integer::sum) > MOST_PULLS * vm.disks().size()) {
      throw Problem.of(ErrorCode.HYPERVISOR_REFUSED, "flattening VM '" + vm.name() + "'")
          .detail("The hypervisor has ended it several times before " + disk.file() + " was whole.")
          .next("Look whether its disk is full, then try again.")
          .asException();
    }
    tools.hypervisor().pull(vm.id(), disk.file());
  }

  /** What is to be said of what was asked last. */
  Optional<LayeringReport> report(DesiredVm wanted, VmRecord record) {
    Optional<LayeringReport> last = record.layers().flatMap(Layers::last);
    return asked(wanted, record)
        .map(asked ->
            new LayeringReport(
                asked.revision(),
                false,
                tools.records().timeline(wanted.id()).steps(),
                Optional.empty(),
                List.of(),
                Optional.empty(),
                false,
                Optional.empty()))
        .or(() -> last);
  }
}
