package dev.ratoon.agent.vm;

import dev.ratoon.agent.hypervisor.DomainState;
import dev.ratoon.agent.hypervisor.DomainStatus;
import dev.ratoon.agent.hypervisor.HypervisorEvent.Ending;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredVm;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What to do next for a VM, as a pure function of what is wanted, what the agent remembers and what
 * the hypervisor has.
 *
 * <p>The invariants: a domain that exists is never started again; a file that a guest may have
 * written is removed only on the word {@link DesiredPower#PURGED}; a VM that ended by itself stays
 * ended unless its restart policy or a newer power revision wants it; one that was given to another
 * host is not started.
 */
final class VmDecision {
  private static final Duration LOOK_AGAIN = Duration.ofSeconds(5);

  /** Disks are made for the first owner alone: to every later one they come. */
  private static final long FIRST_EPOCH = 1;

  private VmDecision() {}

  /**
   * The passing circumstances of a decision.
   *
   * @param shutdownAskedAt when the guest was last asked to shut down, for this power revision
   * @param notBefore no start before this moment
   * @param hasFolder whether there is a folder of the VM, live or in the trash
   * @param startedHere whether its domain was ever started on this host
   * @param givenAway whether it was given to another host, with the epoch that is wanted here
   * @param startHangs whether its domain has been starting for longer than any start takes
   */
  record Moment(
      Instant now,
      Optional<Instant> shutdownAskedAt,
      Instant notBefore,
      boolean hasFolder,
      boolean startedHere,
      boolean givenAway,
      boolean startHangs) {}

  static VmAction next(
      DesiredVm wanted, VmRecord record, Optional<DomainStatus> domain, Moment moment) {
    boolean toBeTakenOver = !wanted.takeOver().isEmpty() && !record.disksMade();
    return switch (wanted.power()) {
      case RUNNING, PAUSED ->
          toBeTakenOver
              ? towardsOwning(wanted, record)
              : towardsRunning(wanted, record, domain, moment);
      case STOPPED ->
          toBeTakenOver
              ? towardsOwning(wanted, record)
              : towardsStopped(wanted, record, domain, moment);
      case TRASHED -> domain.isPresent() ? new VmAction.Destroy() : towardsTrash(record, moment);
      case PURGED -> domain.isPresent() ? new VmAction.Destroy() : towardsNothing(moment);
    };
  }

  /** Its disks are there, and a guest has written to them: they are never made. */
  private static VmAction towardsOwning(DesiredVm wanted, VmRecord record) {
    if (record.trashed()) {
      return new VmAction.BringBack();
    }
    Optional<Problem> givenUp = record.givenUpFor(wanted.powerRevision());
    return givenUp.isPresent()
        ? new VmAction.Settled(VmState.FAILED, givenUp)
        : new VmAction.TakeOver();
  }

  private static VmAction towardsRunning(
      DesiredVm wanted, VmRecord record, Optional<DomainStatus> domain, Moment moment) {
    if (record.trashed()) {
      return new VmAction.BringBack();
    }
    if (domain.isPresent()) {
      return withDomain(wanted, record, domain.get(), moment);
    }
    if (moment.givenAway()) {
      return new VmAction.WaitUntil(moment.now().plus(LOOK_AGAIN));
    }
    if (!record.disksMade() && wanted.epoch() > FIRST_EPOCH) {
      return new VmAction.Settled(VmState.FAILED, Optional.of(notHere(wanted)));
    }
    if (moment.startedHere() && !moment.hasFolder()) {
      return new VmAction.Settled(VmState.FAILED, Optional.of(missing(wanted)));
    }
    Optional<Problem> givenUp = record.givenUpFor(wanted.powerRevision());
    if (givenUp.isPresent()) {
      return new VmAction.Settled(VmState.FAILED, givenUp);
    }
    if (!record.startedFor(wanted.powerRevision())) {
      if (!record.disksMade()) {
        return new VmAction.MakeFiles();
      }
      return startOrWait(wanted, false, moment);
    }
    return afterItsEnd(wanted, record, moment);
  }

  private static VmAction withDomain(
      DesiredVm wanted, VmRecord record, DomainStatus domain, Moment moment) {
    return switch (domain.state()) {
      case STARTING ->
          moment.startHangs() // its guest has not run yet: nothing is lost
              ? new VmAction.Destroy()
              : new VmAction.WaitUntil(moment.now().plus(LOOK_AGAIN));
      case SHUTTING_DOWN -> new VmAction.WaitUntil(moment.now().plus(LOOK_AGAIN));
      case CRASHED -> new VmAction.Destroy();
      case RUNNING, PAUSED -> {
        boolean running = domain.state() == DomainState.RUNNING;
        if (running && wanted.power() == DesiredPower.PAUSED) {
          yield new VmAction.Pause();
        }
        if (!record.startedFor(wanted.powerRevision())) {
          yield running || wanted.power() == DesiredPower.PAUSED
              ? new VmAction.NoteStarted()
              : new VmAction.Resume();
        }
        yield VmAction.Settled.as(running ? VmState.RUNNING : VmState.PAUSED);
      }
    };
  }

  private static VmAction afterItsEnd(DesiredVm wanted, VmRecord record, Moment moment) {
    boolean byGuest = record.ended().filter(how -> how == Ending.SHUTDOWN_BY_GUEST).isPresent();
    boolean again =
        switch (wanted.restart()) {
          case ALWAYS -> true;
          case ON_FAILURE -> !byGuest;
          case NEVER -> false;
        };
    if (again) {
      return startOrWait(wanted, true, moment);
    }
    return byGuest
        ? VmAction.Settled.as(VmState.STOPPED)
        : new VmAction.Settled(VmState.FAILED, Optional.of(lost(wanted, record)));
  }

  private static VmAction startOrWait(DesiredVm wanted, boolean restart, Moment moment) {
    return moment.now().isBefore(moment.notBefore())
        ? new VmAction.WaitUntil(moment.notBefore())
        : new VmAction.Start(wanted.power() == DesiredPower.PAUSED, restart);
  }

  private static VmAction towardsStopped(
      DesiredVm wanted, VmRecord record, Optional<DomainStatus> domain, Moment moment) {
    if (domain.isEmpty()) {
      return record.trashed() ? new VmAction.BringBack() : VmAction.Settled.as(VmState.STOPPED);
    }
    boolean deaf =
        domain.get().state() == DomainState.PAUSED
            || domain.get().state() == DomainState.CRASHED
            || moment.startHangs();
    if (wanted.stopGraceSeconds() == 0 || deaf) {
      return new VmAction.Destroy();
    }
    if (moment.shutdownAskedAt().isEmpty()) {
      return new VmAction.AskShutdown();
    }
    Instant deadline = moment.shutdownAskedAt().get().plusSeconds(wanted.stopGraceSeconds());
    return moment.now().isBefore(deadline)
        ? new VmAction.WaitUntil(deadline)
        : new VmAction.Destroy();
  }

  private static VmAction towardsTrash(VmRecord record, Moment moment) {
    return record.trashed() || !moment.hasFolder()
        ? VmAction.Settled.as(VmState.TRASHED)
        : new VmAction.MoveToTrash();
  }

  private static VmAction towardsNothing(Moment moment) {
    return moment.hasFolder() ? new VmAction.Purge() : VmAction.Settled.as(VmState.TRASHED);
  }

  private static Problem missing(DesiredVm wanted) {
    return Problem.of(ErrorCode.OVERLAY_ALTERED, "running VM '" + wanted.name() + "'")
        .detail("It ran on this host before, and now its folder is gone.")
        .next(
            "Look whether a file system is not mounted. Ratoon does not make it anew from its base,"
                + " which would hide the loss.");
  }

  private static Problem notHere(DesiredVm wanted) {
    return Problem.of(ErrorCode.OVERLAY_ALTERED, "running VM '" + wanted.name() + "'")
        .detail("It came from another host, and its disks are not here.")
        .next(
            "Look whether a file system is not mounted. Ratoon does not make it anew from its base,"
                + " which would hide the loss.");
  }

  private static Problem lost(DesiredVm wanted, VmRecord record) {
    String how =
        record
            .ended()
            .map(ending ->
                switch (ending) {
                  case CRASHED -> "The guest crashed.";
                  case DESTROYED -> "Somebody other than Ratoon switched its domain off.";
                  case FAILED -> "Its QEMU process ended.";
                  case MIGRATED -> "Somebody other than Ratoon migrated its domain away.";
                  case SHUTDOWN_BY_GUEST -> "The guest shut down.";
                })
            .orElse(
                "Its domain was gone when the agent looked: the host, or its hypervisor, went"
                    + " down.");
    return Problem.of(ErrorCode.DOMAIN_LOST, "running VM '" + wanted.name() + "'")
        .detail(how)
        .next(
            wanted.restart() == RestartPolicy.NEVER
                ? "Its disks are as the guest left them: start it with 'ratoon vm start "
                    + wanted.name()
                    + "'."
                : "");
  }
}
