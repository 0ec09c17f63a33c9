package dev.ratoon.agent.vm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.agent.hypervisor.DomainState;
import dev.ratoon.agent.hypervisor.DomainStatus;
import dev.ratoon.agent.hypervisor.HypervisorEvent.Ending;
import dev.ratoon.agent.vm.VmDecision.Moment;
import dev.ratoon.model.CloudInit;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredVm;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class VmDecisionTest {
  private static final VmId ID = new VmId(new UUID(1, 2));
  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private static final long REVISION = 3;
  private static final VmRecord NEW = VmRecord.fresh(ID, 1);
  private static final VmRecord MADE =
      NEW.withFiles(new VmRecord.MadeFiles(List.of(0L), Optional.empty()));
  private static final VmRecord STARTED = MADE.withRun(run(REVISION));

  @Test
  void aNewVmGetsItsFilesAndThenItsDomain() {
    assertThat(next(DesiredPower.RUNNING, NEW, none())).isEqualTo(new VmAction.MakeFiles());
    assertThat(next(DesiredPower.RUNNING, MADE, none()))
        .isEqualTo(new VmAction.Start(false, false));
    assertThat(next(DesiredPower.PAUSED, MADE, none())).isEqualTo(new VmAction.Start(true, false));
    assertThat(next(DesiredPower.RUNNING, STARTED, domain(DomainState.RUNNING)))
        .isEqualTo(settled(VmState.RUNNING));
  }

  @Test
  void aDomainThatIsThereIsNeverStartedAgain() {
    for (DesiredPower power : DesiredPower.values()) {
      for (VmRecord record : List.of(NEW, MADE, STARTED, STARTED.withEnding(Ending.CRASHED))) {
        for (DomainState state : DomainState.values()) {
          assertThat(next(power, record, domain(state)))
              .isNotInstanceOf(VmAction.Start.class)
              .isNotInstanceOf(VmAction.MakeFiles.class);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(value = DesiredPower.class, mode = EnumSource.Mode.EXCLUDE, names = "PURGED")
  void filesGoOnlyOnTheWordPurged(DesiredPower power) {
    for (VmRecord record : List.of(NEW, MADE, STARTED, STARTED.withTrashed(true))) {
      assertThat(next(power, record, none())).isNotInstanceOf(VmAction.Purge.class);
    }
  }

  @Test
  void filesAreMadeOnlyForAVmThatNeverHadAny() {
    for (VmRecord record :
        List.of(MADE, STARTED, STARTED.withEnding(Ending.FAILED), STARTED.withTrashed(true))) {
      assertThat(next(DesiredPower.RUNNING, record, none()))
          .isNotInstanceOf(VmAction.MakeFiles.class);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "ALWAYS,     SHUTDOWN_BY_GUEST, start",
    "ALWAYS,     CRASHED,           start",
    "ALWAYS,     ,                  start",
    "ON_FAILURE, SHUTDOWN_BY_GUEST, STOPPED",
    "ON_FAILURE, CRASHED,           start",
    "ON_FAILURE, FAILED,            start",
    "ON_FAILURE, ,                  start",
    "NEVER,      SHUTDOWN_BY_GUEST, STOPPED",
    "NEVER,      CRASHED,           FAILED",
    "NEVER,      ,                  FAILED",
  })
  void theRestartPolicyDecidesAfterAnEndThatNobodyAskedFor(
      RestartPolicy policy, Ending how, String expected) {
    VmRecord record = how == null ? STARTED : STARTED.withEnding(how);
    VmAction action =
        VmDecision.next(wanted(DesiredPower.RUNNING, policy, 30), record, none(), moment());
    if (expected.equals("start")) {
      assertThat(action).isEqualTo(new VmAction.Start(false, true));
    } else {
      assertThat(action)
          .isInstanceOfSatisfying(
              VmAction.Settled.class,
              s -> assertThat(s.state()).isEqualTo(VmState.valueOf(expected)));
    }
  }

  @Test
  void aVmThatWasGivenAwayIsNotStarted() {
    Moment given = new Moment(NOW, Optional.empty(), Instant.MIN, true, true, true, false);
    for (VmRecord record : List.of(NEW, MADE, STARTED, STARTED.withEnding(Ending.MIGRATED))) {
      VmAction action =
          VmDecision.next(
              wanted(DesiredPower.RUNNING, RestartPolicy.ALWAYS, 30), record, none(), given);
      assertThat(action).isInstanceOf(VmAction.WaitUntil.class);
    }
  }

  @Test
  void aVmThatRanHereAndWhoseFolderIsGoneIsNotMadeAnew() {
    Moment without = new Moment(NOW, Optional.empty(), Instant.MIN, false, true, false, false);
    assertThat(
            VmDecision.next(
                wanted(DesiredPower.RUNNING, RestartPolicy.ALWAYS, 30), NEW, none(), without))
        .isInstanceOfSatisfying(
            VmAction.Settled.class, s -> assertThat(s.state()).isEqualTo(VmState.FAILED));
  }

  @Test
  void aRestartWaitsItsTime() {
    Moment early = new Moment(NOW, Optional.empty(), NOW.plusSeconds(4), true, true, false, false);
    assertThat(
            VmDecision.next(
                wanted(DesiredPower.RUNNING, RestartPolicy.ALWAYS, 30), STARTED, none(), early))
        .isEqualTo(new VmAction.WaitUntil(NOW.plusSeconds(4)));
  }

  @Test
  void aNewRequestStartsWhatEndedOrWasGivenUp() {
    VmRecord over = MADE.withRun(run(REVISION - 1)).withEnding(Ending.SHUTDOWN_BY_GUEST);
    assertThat(next(DesiredPower.RUNNING, over, none()))
        .isEqualTo(new VmAction.Start(false, false));
    Problem why = Problem.of(ErrorCode.DISK_FULL, "x");
    assertThat(next(DesiredPower.RUNNING, MADE.withGivenUp(REVISION, why), none()))
        .isEqualTo(new VmAction.Settled(VmState.FAILED, Optional.of(why)));
    assertThat(next(DesiredPower.RUNNING, MADE.withGivenUp(REVISION - 1, why), none()))
        .isEqualTo(new VmAction.Start(false, false));
  }

  @Test
  void aStopAsksFirstAndPullsThePlugWhenTheGraceIsOver() {
    DesiredVm stop = wanted(DesiredPower.STOPPED, RestartPolicy.ALWAYS, 30);
    Optional<DomainStatus> running = domain(DomainState.RUNNING);
    assertThat(VmDecision.next(stop, STARTED, running, moment()))
        .isEqualTo(new VmAction.AskShutdown());
    assertThat(VmDecision.next(stop, STARTED, running, asked(NOW.minusSeconds(29))))
        .isEqualTo(new VmAction.WaitUntil(NOW.plusSeconds(1)));
    assertThat(VmDecision.next(stop, STARTED, running, asked(NOW.minusSeconds(30))))
        .isEqualTo(new VmAction.Destroy());
    assertThat(VmDecision.next(stop, STARTED, domain(DomainState.PAUSED), moment()))
        .isEqualTo(new VmAction.Destroy());
    assertThat(VmDecision.next(stop, STARTED, none(), moment()))
        .isEqualTo(settled(VmState.STOPPED));
  }

  @Test
  void aDeletePullsThePlugAndMovesTheFilesAside() {
    assertThat(next(DesiredPower.TRASHED, STARTED, domain(DomainState.RUNNING)))
        .isEqualTo(new VmAction.Destroy());
    assertThat(next(DesiredPower.TRASHED, STARTED, none())).isEqualTo(new VmAction.MoveToTrash());
    assertThat(next(DesiredPower.TRASHED, STARTED.withTrashed(true), none()))
        .isEqualTo(settled(VmState.TRASHED));
    assertThat(next(DesiredPower.STOPPED, STARTED.withTrashed(true), none()))
        .isEqualTo(new VmAction.BringBack());
    assertThat(next(DesiredPower.PURGED, STARTED.withTrashed(true), none()))
        .isEqualTo(new VmAction.Purge());
  }

  @Test
  void aDomainThatIsStartingIsWaitedForAndEndedOnlyIfItHangs() {
    Moment hangs = new Moment(NOW, Optional.empty(), Instant.MIN, true, true, false, true);
    DesiredVm vm = wanted(DesiredPower.RUNNING, RestartPolicy.ON_FAILURE, 30);
    Optional<DomainStatus> starting = domain(DomainState.STARTING);

    assertThat(VmDecision.next(vm, MADE, starting, moment()))
        .isInstanceOf(VmAction.WaitUntil.class);
    assertThat(VmDecision.next(vm, MADE, starting, hangs)).isEqualTo(new VmAction.Destroy());
    DesiredVm stop = wanted(DesiredPower.STOPPED, RestartPolicy.ON_FAILURE, 30);
    assertThat(VmDecision.next(stop, MADE, starting, hangs)).isEqualTo(new VmAction.Destroy());
    assertThat(VmDecision.next(vm, MADE, none(), hangs))
        .isEqualTo(new VmAction.Start(false, false));
  }

  @Test
  void aStartThatWasNotWrittenDownIsNotedNotRepeated() {
    assertThat(next(DesiredPower.RUNNING, MADE, domain(DomainState.RUNNING)))
        .isEqualTo(new VmAction.NoteStarted());
    assertThat(next(DesiredPower.RUNNING, MADE, domain(DomainState.PAUSED)))
        .isEqualTo(new VmAction.Resume());
  }

  private static VmAction next(DesiredPower power, VmRecord record, Optional<DomainStatus> domain) {
    return VmDecision.next(wanted(power, RestartPolicy.ON_FAILURE, 30), record, domain, moment());
  }

  private static VmRecord.Run run(long revision) {
    return new VmRecord.Run(
        revision, NOW.minusSeconds(60), Optional.empty(), 0, 0, Optional.empty());
  }

  private static Moment moment() {
    return new Moment(NOW, Optional.empty(), Instant.MIN, true, true, false, false);
  }

  private static Moment asked(Instant when) {
    return new Moment(NOW, Optional.of(when), Instant.MIN, true, true, false, false);
  }

  private static VmAction settled(VmState state) {
    return new VmAction.Settled(state, Optional.empty());
  }

  private static Optional<DomainStatus> none() {
    return Optional.empty();
  }

  private static Optional<DomainStatus> domain(DomainState state) {
    return Optional.of(new DomainStatus(ID, 1, "default", state, "", List.of()));
  }

  private static DesiredVm wanted(DesiredPower power, RestartPolicy restart, int grace) {
    return new DesiredVm(
        ID,
        "default",
        new EntityName("web"),
        1,
        power,
        REVISION,
        grace,
        1,
        1 << 28,
        Firmware.BIOS,
        restart,
        List.of(),
        List.of(),
        CloudInit.NONE);
  }
}
