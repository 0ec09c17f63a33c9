package dev.ratoon.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.agent.hypervisor.DomainJob;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.Findings;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.VmReport;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a host tells of what it has, and whom it believes when it comes back. */
class ReconciliationTest {
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

  private static Predicate<HostReport> finds(Predicate<Findings> wish) {
    return report -> report.findings().filter(wish).isPresent();
  }

  private DesiredVm deployed(String name) {
    DesiredVm vm = host.vm(name, DesiredPower.RUNNING, RestartPolicy.ALWAYS, true);
    host.want(vm);
    host.await(vm.id(), VmState.RUNNING);
    return vm;
  }

  @Test
  void fileSystemsAreReportedWithWhatTheyCanDo() {
    host.awaitHost(report ->
        report.facts().fileSystems().stream()
            .anyMatch(one ->
                one.holds().contains("cache")
                    && one.holds().contains("vms")
                    && one.holes()
                    && one.totalBytes() > one.freeBytes()
                    && work.startsWith(one.mountPoint())));
    assertThat(host.folders().vms()).isEmptyDirectory();
  }

  @Test
  void vmsOfWhichNobodySpeaksAreReportedWithTheirTrueParents() throws Exception {
    DesiredVm vm = deployed("web");

    host.wantNothing();

    host.awaitHost(
        finds(found ->
            found.strays().stream()
                .anyMatch(stray ->
                    stray.id().equals(vm.id())
                        && stray.runs()
                        && stray.epoch() == 1
                        && stray
                            .overlays()
                            .getFirst()
                            .parent()
                            .equals(Optional.of(host.base().path().toString())))));
  }

  @Test
  void theParentOfADiskIsTheOneThatItsOwnHeaderNames() throws Exception {
    VmId vm = deployed("web").id();
    host.power(vm, DesiredPower.STOPPED);
    Path disk = Path.of(host.await(vm, VmState.STOPPED).disks().getFirst().path());
    Path other = Files.copy(host.base().path(), work.resolve("other.raw"));
    Host.run("qemu-img", "rebase", "-u", "-b", other.toString(), "-F", "raw", disk.toString());

    VmReport report =
        host.awaitReport(
            vm, r -> r.disks().getFirst().basePath().equals(Optional.of(other.toString())));

    assertThat(report.disks().getFirst().base()).contains(host.base().id());
  }

  @Test
  void blockJobsAreReported() {
    VmId vm = deployed("web").id();

    host.hypervisor().work(List.of(new DomainJob(vm, Path.of("/d.qcow2"), "pull", 5, 10)));

    host.awaitHost(
        finds(found ->
            found
                .blockJobs()
                .equals(List.of(new Findings.BlockJob(vm, "/d.qcow2", "pull", 5, 10)))));
  }

  @Test
  void leftoversAreReportedAndOnlyWhatIsOursAndHalfMadeIsRemoved() throws Exception {
    host.kill();
    String id = "0e37df5c-2b5a-4f3e-9d5c-6d9f7a5b8c1d";
    Path half = Files.createDirectory(host.folders().vms().resolve(".new-" + id));
    Path users = Files.createDirectories(host.folders().vms().resolve("my-old-disks/deep"));
    Path dot = Files.createDirectory(host.folders().vms().resolve(".new-ideas"));
    Path nameless = Files.createDirectory(host.folders().trash().resolve(id));
    Files.writeString(nameless.resolve("disk-0.qcow2"), "somebody's");
    Path incoming = host.folders().home().resolve("cache/incoming");
    Path kept = Files.writeString(incoming.resolve("notes.txt"), "somebody's");
    Path upload = Files.writeString(incoming.resolve(id + ".upload"), "half");
    host.boot();

    host.awaitHost(
        finds(found ->
            found.leftovers().stream()
                .map(Findings.Leftover::path)
                .toList()
                .containsAll(
                    List.of(
                        host.folders().vms().resolve("my-old-disks").toString(),
                        dot.toString(),
                        nameless.toString(),
                        kept.toString()))));
    assertThat(half).doesNotExist();
    assertThat(upload).doesNotExist();
    assertThat(users).exists();
    assertThat(nameless.resolve("disk-0.qcow2")).hasContent("somebody's");
    assertThat(kept).hasContent("somebody's");
  }

  @Test
  void aHostThatComesBackDoesNotStartWhatIsNotItsOwnAnyMore() throws Exception {
    DesiredVm moved = deployed("moved");
    DesiredVm stays = deployed("stays");
    host.losePower();
    host.wantNothing();
    host.want(stays);
    host.boot();

    host.await(stays.id(), VmState.RUNNING);

    host.awaitHost(report -> report.unknownVms().equals(List.of(moved.id().toString())));
    host.awaitDomains(stays.id());
  }

  @Test
  void aVmOfAnOlderEpochThanWasSeenIsLeftAlone() throws Exception {
    DesiredVm vm = deployed("web");
    host.want(ofEpoch(vm, 3, DesiredPower.RUNNING));
    host.awaitReport(vm.id(), report -> report.epoch() == 3);

    host.want(ofEpoch(vm, 2, DesiredPower.STOPPED));

    host.awaitHost(finds(found -> found.newestRevision() == host.revision()));
    assertThat(host.hypervisor().domains()).hasSize(1);
    assertThat(host.agent().host()).isNotNull();
  }

  private static DesiredVm ofEpoch(DesiredVm vm, long epoch, DesiredPower power) {
    return new DesiredVm(
        vm.id(),
        vm.tenant(),
        vm.name(),
        epoch,
        power,
        vm.powerRevision(),
        0,
        vm.cpus(),
        vm.memoryBytes(),
        vm.firmware(),
        vm.restart(),
        vm.disks(),
        vm.nics(),
        vm.cloudInit());
  }

  @Test
  void aHostThatWasRemovedStartsNothing() throws Exception {
    VmId vm = deployed("web").id();
    Path disk = host.folders().vm(vm).resolve("disk-0.qcow2");
    host.losePower();
    host.remove();
    host.boot();

    host.awaitRefusals(2);

    assertThat(host.hypervisor().domains()).isEmpty();
    assertThat(disk).exists();
  }

  @Test
  void aRestoredServerIsFollowedOnlyWhenAnOperatorAgreesAndNothingIsLost() throws Exception {
    DesiredVm old = deployed("old");
    DesiredVm newer = deployed("newer");
    host.awaitHost(finds(found -> found.newestRevision() == host.revision()));

    host.beRestored(old);
    host.kill();
    host.boot();
    host.awaitDomains(old.id(), newer.id());
    host.awaitHost(report -> report.unknownVms().isEmpty() && report.vms().size() == 2);

    host.follow();

    host.awaitHost(report ->
        report.unknownVms().equals(List.of(newer.id().toString()))
            && report.findings().orElseThrow().newestRevision() == host.revision());
    host.awaitDomains(old.id(), newer.id());
    assertThat(host.folders().vm(newer.id()).resolve("disk-0.qcow2")).exists();
  }

  @Test
  void aVmThatWasDeletedForGoodIsNotMadeAnewForAServerThatForgotThat() throws Exception {
    DesiredVm vm = deployed("web");
    host.power(vm.id(), DesiredPower.PURGED);
    host.await(vm.id(), VmState.TRASHED);
    host.awaitHost(finds(found -> found.newestRevision() == host.revision()));

    host.beRestored(vm);
    host.follow();

    VmReport report = host.await(vm.id(), VmState.FAILED);
    assertThat(report.problem().orElseThrow().code()).isEqualTo(ErrorCode.WRONG_STATE);
    assertThat(report.problem().orElseThrow().detail()).contains("deleted for good");
    assertThat(host.folders().vms()).isEmptyDirectory();
  }
}
