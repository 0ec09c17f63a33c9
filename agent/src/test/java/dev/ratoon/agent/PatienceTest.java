package dev.ratoon.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.agent.hypervisor.HypervisorEvent.Ending;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.model.StepState;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.VmReport;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What waits is not held up or hurried by a clock that is set, and ends when it is wanted no more.
 */
class PatienceTest {
  @TempDir Path work;
  private Host host;

  @BeforeEach
  void up() throws Exception {
    host = new Host(work);
    host.boot();
  }

  @AfterEach
  void down() throws Exception {
    host.bases().let();
    host.close();
  }

  private VmId waitingForItsBase() {
    host.bases().hold();
    VmId vm = host.deploy("web");
    host.awaitReport(
        vm,
        report ->
            !report.settled()
                && report.steps().stream().anyMatch(step -> step.state() == StepState.RUNNING)
                && host.bases().waiting.get() == 1);
    return vm;
  }

  @Test
  void aVmThatIsDeletedWhileItsBaseArrivesIsDeletedAtOnce() {
    VmId vm = waitingForItsBase();

    host.power(vm, DesiredPower.TRASHED);

    host.await(vm, VmState.TRASHED);
    assertThat(host.bases().waiting.get()).isZero();
    host.power(vm, DesiredPower.PURGED);
    host.await(vm, VmState.TRASHED);
    assertThat(host.folders().vms()).isEmptyDirectory();
    assertThat(host.hypervisor().domains()).isEmpty();
  }

  @Test
  void othersGoOnWaitingForTheSameBase() {
    VmId deleted = waitingForItsBase();
    VmId kept = host.deploy("kept");
    host.awaitReport(kept, report -> host.bases().waiting.get() == 2);

    host.power(deleted, DesiredPower.PURGED);
    host.await(deleted, VmState.TRASHED);

    assertThat(host.bases().waiting.get()).isEqualTo(1);
    host.bases().let();
    host.await(kept, VmState.RUNNING);
    host.awaitDomains(kept);
  }

  @Test
  void aVmThatIsWantedAgainWaitsAgain() {
    VmId vm = waitingForItsBase();
    host.power(vm, DesiredPower.STOPPED);
    host.await(vm, VmState.STOPPED);

    host.power(vm, DesiredPower.RUNNING);
    host.awaitReport(vm, report -> host.bases().waiting.get() == 1);
    host.bases().let();

    host.await(vm, VmState.RUNNING);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, -1})
  void aDeployIsNotGivenUpBecauseTheClockIsSet(long hours) {
    host.hypervisor().disconnect();
    VmId vm = host.deploy("web");
    host.awaitUnsettled(vm, ErrorCode.HYPERVISOR_UNAVAILABLE);

    host.clock.jump(Duration.ofHours(hours));
    host.hypervisor().reconnect();

    host.await(vm, VmState.RUNNING);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, -1})
  void aVmIsStartedAgainInItsTimeThoughTheClockIsSet(long hours) {
    DesiredVm vm = host.vm("web", DesiredPower.RUNNING, RestartPolicy.ALWAYS, true);
    host.want(vm);
    host.await(vm.id(), VmState.RUNNING);

    host.clock.jump(Duration.ofHours(hours));
    host.hypervisor().end(vm.id(), Ending.CRASHED);
    VmReport again = host.awaitReport(vm.id(), report -> report.restarts() == 1);
    host.clock.jump(Duration.ofHours(-hours));
    host.hypervisor().end(vm.id(), Ending.CRASHED);

    host.awaitReport(
        vm.id(),
        report ->
            report.state() == VmState.RUNNING && !report.startedAt().equals(again.startedAt()));
  }

  @Test
  void aGuestsGraceIsAsLongAsItWasSaidToBe() {
    host.hypervisor().guestsHeedShutdown(false);
    VmId vm = host.deploy("deaf");
    host.await(vm, VmState.RUNNING);
    host.clock.jump(Duration.ofHours(-1));

    host.power(vm, DesiredPower.STOPPED);

    host.await(vm, VmState.STOPPED);
  }
}
