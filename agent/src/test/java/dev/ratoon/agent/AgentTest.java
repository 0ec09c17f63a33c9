package dev.ratoon.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.agent.hypervisor.HypervisorEvent.Ending;
import dev.ratoon.disk.file.ImmutableFlag;
import dev.ratoon.disk.qcow2.Qcow2Header;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.VmReport;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The agent with a real cache and real files, over a simulated hypervisor and a server that the
 * test plays.
 */
class AgentTest {
  @TempDir Path work;
  private Host host;

  @BeforeEach
  void up() throws Exception {
    host = new Host(work);
    host.boot();
  }

  @AfterEach
  void down() throws Exception {
    host.close();
  }

  @Test
  void basesAreLookedAfterWithoutAHypervisorAndByAnAgentThatIsBack() {
    host.hypervisor().disconnect();
    host.wantBase();
    assertThat(host.awaitBase().result()).contains("it was there already");
    host.kill();
    host.boot();
    assertThat(host.awaitBase().problem()).isEmpty();
  }

  @Test
  void aDeployMakesAChildOfTheBaseAndCopiesNothing() throws Exception {
    VmId vm = host.deploy("web");

    VmReport report = host.await(vm, VmState.RUNNING);

    assertThat(report.steps()).extracting(s -> s.name()).containsExactly("base", "disk", "start");
    assertThat(report.disks()).hasSize(1);
    assertThat(report.disks().getFirst().copiedBytes()).isZero();
    Path disk = Path.of(report.disks().getFirst().path());
    assertThat(Qcow2Header.read(disk).backing(disk).orElseThrow().file())
        .isEqualTo(host.base().path());
    assertThat(report.disks().getFirst().storedBytes()).isLessThan(1 << 20);
    assertThat(host.hypervisor().spec(vm).orElseThrow().disks().getFirst().backing()).hasSize(1);
    assertThat(report.sshPort()).isPresent();
  }

  @Test
  void withoutDifferencingTheWholeBaseIsCopied() throws Exception {
    DesiredVm whole = host.vm("whole", DesiredPower.RUNNING, RestartPolicy.NEVER, false);
    host.want(whole);

    VmReport report = host.await(whole.id(), VmState.RUNNING);

    assertThat(report.disks().getFirst().copiedBytes()).isGreaterThan(1 << 20);
    assertThat(report.disks().getFirst().basePath()).isEmpty();
    assertThat(Path.of(report.disks().getFirst().path()))
        .hasExtension("raw")
        .hasSize(Host.DISK_BYTES);
  }

  @Test
  void stopStartDeleteUndeleteAndPurgeKeepTheDiskUntilTheLastWord() throws Exception {
    VmId vm = host.deploy("web");
    Path disk = Path.of(host.await(vm, VmState.RUNNING).disks().getFirst().path());
    Files.writeString(disk.resolveSibling("mark"), "the guest's");

    host.power(vm, DesiredPower.STOPPED);
    host.await(vm, VmState.STOPPED);
    assertThat(host.hypervisor().domains()).isEmpty();
    host.power(vm, DesiredPower.RUNNING);
    host.await(vm, VmState.RUNNING);
    host.power(vm, DesiredPower.TRASHED);
    host.await(vm, VmState.TRASHED);
    assertThat(disk).doesNotExist();
    host.power(vm, DesiredPower.STOPPED);
    host.await(vm, VmState.STOPPED);
    assertThat(disk.resolveSibling("mark")).hasContent("the guest's");
    host.power(vm, DesiredPower.TRASHED);
    host.await(vm, VmState.TRASHED);
    host.power(vm, DesiredPower.PURGED);
    host.await(vm, VmState.TRASHED);
    assertThat(host.folders().vms()).isEmptyDirectory();
    assertThat(host.folders().trash()).isEmptyDirectory();
  }

  @Test
  void aGuestThatDoesNotHeedIsSwitchedOffAfterItsGrace() throws Exception {
    host.hypervisor().guestsHeedShutdown(false);
    VmId vm = host.deploy("deaf");
    host.await(vm, VmState.RUNNING);

    host.power(vm, DesiredPower.STOPPED);

    VmReport report = host.await(vm, VmState.STOPPED);
    assertThat(report.steps())
        .extracting(s -> s.name())
        .containsSubsequence("shutdown", "switch-off");
  }

  @Test
  void aVmThatAnAlteredBaseWouldCarryIsRefusedAndLeavesNothing() throws Exception {
    host.alterBase();
    VmId vm = host.deploy("web");

    VmReport report = host.await(vm, VmState.FAILED);

    assertThat(report.problem().orElseThrow().code()).isEqualTo(ErrorCode.BASE_ALTERED);
    assertThat(host.folders().vms()).isEmptyDirectory();
  }

  @Test
  void aStartThatTheHypervisorRefusesIsGivenUpAndLeavesNothing() throws Exception {
    host.hypervisor()
        .refuseStarts(Problem.of(ErrorCode.HYPERVISOR_REFUSED, "starting").detail("no"));
    VmId vm = host.deploy("web");
    assertThat(host.await(vm, VmState.FAILED).problem().orElseThrow().code())
        .isEqualTo(ErrorCode.HYPERVISOR_REFUSED);
    assertThat(host.folders().vms()).isEmptyDirectory();

    host.hypervisor().acceptStarts();
    host.power(vm, DesiredPower.RUNNING);
    host.await(vm, VmState.RUNNING);
  }

  @Test
  void aFullDiskFailsTheDeployInWordsAndLeavesNothing() throws Exception {
    Host.run(
        "mount",
        "-t",
        "tmpfs",
        "-o",
        "size=16k,mode=711",
        "tmpfs",
        host.folders().vms().toString());
    try {
      VmId first = host.deploy("first");
      assertThat(host.await(first, VmState.FAILED).problem().orElseThrow().code())
          .isEqualTo(ErrorCode.DISK_FULL);
      assertThat(host.folders().vms()).isEmptyDirectory();
    } finally {
      Host.run("umount", host.folders().vms().toString());
    }
  }

  @Test
  void aFailedRestartNeverTouchesADiskThatAGuestHasSeen() throws Exception {
    VmId vm = host.deploy("web");
    Path disk = Path.of(host.await(vm, VmState.RUNNING).disks().getFirst().path());
    host.power(vm, DesiredPower.STOPPED);
    host.await(vm, VmState.STOPPED);

    host.alterBase();
    host.power(vm, DesiredPower.RUNNING);

    assertThat(host.await(vm, VmState.FAILED).problem().orElseThrow().code())
        .isEqualTo(ErrorCode.BASE_ALTERED);
    assertThat(disk).exists();
  }

  @Test
  void aVmStandsOnASuspectFileUntilItIsStartedOnTheGoodOne() throws Exception {
    VmId vm = host.deploy("web");
    assertThat(host.await(vm, VmState.RUNNING).disks().getFirst().suspect()).isFalse();

    host.alterBase();
    host.awaitReport(vm, report -> report.disks().getFirst().suspect());
    host.importAgain();
    host.power(vm, DesiredPower.PAUSED);
    assertThat(host.await(vm, VmState.PAUSED).disks().getFirst().suspect()).isTrue();

    host.power(vm, DesiredPower.STOPPED);
    host.await(vm, VmState.STOPPED);
    host.power(vm, DesiredPower.RUNNING);
    assertThat(host.await(vm, VmState.RUNNING).disks().getFirst().suspect()).isFalse();
  }

  @Test
  void aDeployWaitsForAHypervisorThatComesBack() throws Exception {
    host.hypervisor().disconnect();
    VmId vm = host.deploy("web");
    host.awaitUnsettled(vm, ErrorCode.HYPERVISOR_UNAVAILABLE);

    host.hypervisor().reconnect();

    host.await(vm, VmState.RUNNING);
  }

  @Test
  void afterPowerLossVmsComeBackByTheirPolicyWithoutAServer() throws Exception {
    DesiredVm always = host.vm("a", DesiredPower.RUNNING, RestartPolicy.ALWAYS, true);
    DesiredVm onFailure = host.vm("b", DesiredPower.RUNNING, RestartPolicy.ON_FAILURE, true);
    DesiredVm never = host.vm("c", DesiredPower.RUNNING, RestartPolicy.NEVER, true);
    host.want(always, onFailure, never);
    for (DesiredVm vm : List.of(always, onFailure, never)) {
      host.await(vm.id(), VmState.RUNNING);
    }

    host.losePower();
    host.serverIsAway(true);
    host.boot();

    host.awaitDomains(always.id(), onFailure.id());
    host.serverIsAway(false);
    assertThat(host.await(never.id(), VmState.FAILED).problem().orElseThrow().code())
        .isEqualTo(ErrorCode.DOMAIN_LOST);
  }

  @Test
  void aKilledAgentFindsItsVmsRunningAndStartsNoneTwice() throws Exception {
    VmId vm = host.deploy("web");
    host.await(vm, VmState.RUNNING);

    host.kill();
    host.boot();

    assertThat(host.await(vm, VmState.RUNNING).restarts()).isZero();
    assertThat(host.hypervisor().domains()).hasSize(1);
  }

  @Test
  void aGuestThatCrashedIsStartedAgainOneThatShutDownIsNot() throws Exception {
    VmId vm = host.deploy("web");
    host.await(vm, VmState.RUNNING);

    host.hypervisor().end(vm, Ending.CRASHED);
    host.awaitReport(vm, r -> r.restarts() == 1 && r.state() == VmState.RUNNING);
    host.hypervisor().end(vm, Ending.SHUTDOWN_BY_GUEST);
    host.awaitReport(vm, r -> r.settled() && r.state() == VmState.STOPPED);
  }

  @Test
  void aFolderThatVanishedIsReportedAndNotMadeAnewFromTheBase() throws Exception {
    VmId vm = host.deploy("web");
    host.await(vm, VmState.RUNNING);
    host.losePower();
    Files.move(host.folders().vm(vm), work.resolve("not-mounted"));

    host.boot();

    assertThat(host.await(vm, VmState.FAILED).problem().orElseThrow().code())
        .isEqualTo(ErrorCode.OVERLAY_ALTERED);
    assertThat(host.folders().vms()).isEmptyDirectory();
    assertThat(host.hypervisor().domains()).isEmpty();
  }

  @Test
  void aDeployThatWasGivenUpStaysGivenUpAfterARestart() throws Exception {
    host.hypervisor()
        .refuseStarts(Problem.of(ErrorCode.HYPERVISOR_REFUSED, "starting").detail("no"));
    VmId vm = host.deploy("web");
    host.await(vm, VmState.FAILED);
    host.hypervisor().acceptStarts();

    host.kill();
    host.boot();

    host.await(vm, VmState.FAILED);
    assertThat(host.hypervisor().domains()).isEmpty();
  }

  @Test
  void aRestartThatIsRefusedIsTriedAgainUntilItWorks() throws Exception {
    VmId vm = host.deploy("web");
    host.await(vm, VmState.RUNNING);
    host.hypervisor()
        .refuseStarts(Problem.of(ErrorCode.NETWORK_MISSING, "starting").detail("not yet"));
    host.hypervisor().end(vm, Ending.CRASHED);
    host.awaitReport(
        vm, r -> r.problem().filter(p -> p.code() == ErrorCode.NETWORK_MISSING).isPresent());

    host.hypervisor().acceptStarts();

    host.awaitReport(vm, r -> r.state() == VmState.RUNNING);
  }

  @Test
  void absenceIsNotDeletion() throws Exception {
    VmId vm = host.deploy("web");
    Path disk = Path.of(host.await(vm, VmState.RUNNING).disks().getFirst().path());

    host.wantNothing();

    host.awaitHost(h -> h.unknownVms().equals(List.of(vm.toString())));
    assertThat(host.hypervisor().domains()).hasSize(1);
    assertThat(disk).exists();
  }

  @Test
  void aFolderWithoutAReadableRecordIsLeftAloneAndReported() throws Exception {
    VmId vm = host.deploy("web");
    Path disk = Path.of(host.await(vm, VmState.RUNNING).disks().getFirst().path());
    host.losePower();
    Files.writeString(disk.resolveSibling("vm.json"), "{ torn");
    host.boot();

    assertThat(host.await(vm, VmState.FAILED).problem().orElseThrow().code())
        .isEqualTo(ErrorCode.FILE_UNREADABLE);
    assertThat(disk).exists();
    assertThat(host.hypervisor().domains()).isEmpty();
  }

  @Test
  void anOverlayWhoseHeaderNamesAnotherBaseIsNotStarted() throws Exception {
    VmId vm = host.deploy("web");
    Path disk = Path.of(host.await(vm, VmState.RUNNING).disks().getFirst().path());
    host.power(vm, DesiredPower.STOPPED);
    host.await(vm, VmState.STOPPED);
    Path other = Files.copy(host.base().path(), work.resolve("other.raw"));
    Host.run("qemu-img", "rebase", "-u", "-b", other.toString(), "-F", "raw", disk.toString());

    host.power(vm, DesiredPower.RUNNING);

    assertThat(host.await(vm, VmState.FAILED).problem().orElseThrow().code())
        .isEqualTo(ErrorCode.OVERLAY_ALTERED);
  }

  @Test
  void anotherIncarnationOfTheFleetIsRefused() throws Exception {
    VmId vm = host.deploy("web");
    host.await(vm, VmState.RUNNING);

    host.becomeAnotherFleet();

    host.awaitRefusal();
    assertThat(host.hypervisor().domains()).hasSize(1);
  }

  @Test
  void theConsoleShowsWhenTheUserlandIsUp() throws Exception {
    VmId vm = host.deploy("web");
    host.await(vm, VmState.RUNNING);

    Files.writeString(
        host.folders().vm(vm).resolve("console.log"),
        "Linux...\r\nratoon-guest: userland is up, boot 1\r\n");

    host.awaitReport(vm, r -> r.userlandAt().isPresent());
    assertThat(ImmutableFlag.isSet(host.base().path())).isTrue();
  }
}
