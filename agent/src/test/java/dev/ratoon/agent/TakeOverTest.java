package dev.ratoon.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.ratoon.agent.hypervisor.DomainSpec;
import dev.ratoon.agent.hypervisor.DomainSpec.DomainNic;
import dev.ratoon.agent.hypervisor.OtherDomain;
import dev.ratoon.agent.hypervisor.OtherDomain.OtherDisk;
import dev.ratoon.disk.file.ImmutableFlag;
import dev.ratoon.model.CloudInit;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.AdoptedReport;
import dev.ratoon.protocol.agent.DesiredAdoption.Wish;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredNic;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.ForeignDomain;
import dev.ratoon.protocol.agent.VmReport;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Domains of others become VMs: their disks stay the same files all the time. */
class TakeOverTest {
  @TempDir Path work;
  private final VmId id = new VmId(UUID.randomUUID());
  private Path images;
  private Path base;
  private Path overlay;
  private Object inode = "";
  private Host host;

  @BeforeEach
  void up() throws Exception {
    Files.setPosixFilePermissions(work, PosixFilePermissions.fromString("rwxr-xr-x"));
    images = Files.createDirectory(work.resolve("images"));
    byte[] bytes = new byte[1 << 20];
    new Random(1).nextBytes(bytes);
    base = Files.write(images.resolve("golden.raw"), bytes);
    overlay = images.resolve("web.qcow2");
    Host.run(
        "qemu-img",
        "create",
        "-q",
        "-f",
        "qcow2",
        "-b",
        base.toString(),
        "-F",
        "raw",
        overlay.toString());
    Host.run("qemu-io", "-c", "write -P 7 64k 64k", overlay.toString());
    inode = Files.getAttribute(overlay, "unix:ino");
    host = new Host(work);
    host.boot();
  }

  @AfterEach
  void down() throws Exception {
    host.close();
    try (Stream<Path> files = Files.walk(images)) {
      files.filter(Files::isRegularFile).forEach(ImmutableFlag::clear);
    }
  }

  @Test
  void aRunningDomainRunsOnAndStartsAsAVmNextTime() throws Exception {
    DesiredVm vm = adopted(true, List.of());
    host.want(vm);

    VmReport report = host.await(id, VmState.RUNNING);
    Path disk = Path.of(report.disks().getFirst().path());
    assertThat(Files.getAttribute(disk, "unix:ino")).isEqualTo(inode);
    assertThat(Files.isSameFile(disk, overlay)).as("QEMU knows the old name").isTrue();
    assertThat(host.hypervisor().others()).isEmpty();
    assertThat(host.folders().agent().resolve("taken-over/" + id + ".xml")).exists();
    assertThat(report.steps()).extracting(step -> step.name()).containsExactly("take-over");

    host.power(id, DesiredPower.STOPPED);
    host.await(id, VmState.STOPPED);
    host.power(id, DesiredPower.RUNNING);
    host.await(id, VmState.RUNNING);
    DomainSpec spec = host.hypervisor().spec(id).orElseThrow();
    assertThat(spec.seed()).as("cloud-init must not take it for a new machine").isEmpty();
    assertThat(spec.disks().getFirst().path()).isEqualTo(disk);
    assertThat(spec.disks().getFirst().backing().getFirst().path()).isEqualTo(base);
    assertThat(overlay).doesNotExist();
    assertThat(Files.getAttribute(disk, "unix:ino")).isEqualTo(inode);
    Host.run("qemu-io", "-c", "read -P 7 64k 64k", disk.toString());
  }

  @Test
  void oneThatIsShutOffStaysSoUntilItIsStarted() throws Exception {
    DesiredVm vm = adopted(false, List.of());
    host.want(vm);
    host.await(id, VmState.STOPPED);
    assertThat(host.hypervisor().others()).isEmpty();

    host.adopt(images, Wish.PARENTS);
    host.awaitAdopted(images);
    assertThat(ImmutableFlag.isSet(overlay)).as("by its old name, too, it is a VM's").isFalse();

    host.power(id, DesiredPower.RUNNING);
    host.await(id, VmState.RUNNING);
    assertThat(overlay).doesNotExist();
  }

  @Test
  void rawDisksAndTheVariablesOfItsFirmwareComeAlong() throws Exception {
    Path raw = Files.write(images.resolve("data.img"), new byte[3 << 20]);
    Path variables = Files.write(images.resolve("web_VARS.fd"), new byte[1 << 16]);
    Object rawInode = Files.getAttribute(raw, "unix:ino");
    host.hypervisor()
        .define(
            new OtherDomain(
                id,
                "web",
                false,
                1,
                1 << 28,
                List.of(new OtherDisk(overlay, "qcow2"), new OtherDisk(raw, "raw")),
                List.of(),
                List.of(),
                List.of(),
                Optional.of(variables)));
    host.adopt(images, Wish.PARENTS);
    host.awaitAdopted(images);
    host.awaitHost(report -> report.adopted().map(TakeOverTest::domains).orElse(0) == 1);
    ForeignDomain listed = host.lastReport().adopted().orElseThrow().domains().getFirst();
    assertThat(listed.obstacles()).isEmpty();
    assertThat(listed.variables()).contains(variables.toString());
    assertThat(listed.disks().getLast().isRaw()).isTrue();
    assertThat(listed.disks().getLast().sizeBytes()).isEqualTo(3 << 20);

    host.want(
        vm(
            DesiredPower.RUNNING,
            Firmware.UEFI,
            List.of(
                new DesiredDisk(listed.disks().getFirst().base(), 1 << 20, true),
                new DesiredDisk(Optional.empty(), 3 << 20, false)),
            List.of(overlay, raw, variables)));

    host.await(id, VmState.RUNNING);
    DomainSpec spec = host.hypervisor().spec(id).orElseThrow();
    Path folder = host.folders().vm(id);
    assertThat(spec.disks())
        .extracting(disk -> disk.path().toString(), disk -> disk.format().text())
        .containsExactly(
            tuple(folder.resolve("disk-0.qcow2").toString(), "qcow2"),
            tuple(folder.resolve("disk-1.raw").toString(), "raw"));
    assertThat(spec.kept().orElseThrow().text()).isEqualTo("definition of web");
    assertThat(spec.kept().orElseThrow().variables()).contains(folder.resolve("vars.fd"));
    assertThat(spec.uefi()).as("nothing but what it had").isEmpty();
    assertThat(Files.getAttribute(folder.resolve("disk-1.raw"), "unix:ino")).isEqualTo(rawInode);
    assertThat(folder.resolve("vars.fd")).hasSize(1 << 16);
    assertThat(raw).doesNotExist();
    assertThat(variables).doesNotExist();

    host.kill();
    Files.delete(host.folders().agent().resolve("taken-over/" + id + ".xml"));
    host.hypervisor().destroy(id);
    host.boot();
    assertThat(host.await(id, VmState.FAILED).problem().orElseThrow().detail())
        .contains("which machine its guest knows");
  }

  @Test
  void oneThatCannotBeKeptIsListedWithItsReasonsAndLeftAlone() throws Exception {
    host.hypervisor().define(domain(true, List.of("It has a TPM.")));
    host.adopt(images, Wish.PARENTS);
    host.awaitAdopted(images);
    host.awaitHost(report -> report.adopted().map(TakeOverTest::domains).orElse(0) == 1);
    ForeignDomain listed = host.lastReport().adopted().orElseThrow().domains().getFirst();
    assertThat(listed.obstacles()).containsExactly("It has a TPM.");

    host.want(vm(true, listed.disks().getFirst().base().orElseThrow()));
    Problem problem = host.await(id, VmState.FAILED).problem().orElseThrow();

    assertThat(problem.detail()).contains("TPM");
    assertThat(host.hypervisor().others()).hasSize(1);
    assertThat(Files.getAttribute(overlay, "unix:nlink")).isEqualTo(1);
    assertThat(host.folders().vm(id)).doesNotExist();
  }

  @Test
  void aRefusalOfLibvirtLeavesTheOldOwnerAndAskingAgainGoesOn() throws Exception {
    DesiredVm vm = adopted(true, List.of());
    host.hypervisor()
        .refuseStarts(Problem.of(ErrorCode.HYPERVISOR_REFUSED, "marking it").detail("No."));
    host.want(vm);
    host.await(id, VmState.FAILED);
    assertThat(host.hypervisor().others()).hasSize(1);
    assertThat(Files.getAttribute(overlay, "unix:nlink")).isEqualTo(1);

    host.hypervisor().acceptStarts();
    host.power(id, DesiredPower.RUNNING);

    host.await(id, VmState.RUNNING);
    assertThat(Files.getAttribute(overlay, "unix:nlink")).isEqualTo(2);
  }

  @Test
  void whatIsRefusedOfOneThatIsShutOffIsSaidAtOnce() throws Exception {
    DesiredVm vm = adopted(false, List.of());
    host.hypervisor()
        .refuseStarts(Problem.of(ErrorCode.HYPERVISOR_REFUSED, "marking it").detail("No."));
    host.want(vm);

    VmReport report = host.await(id, VmState.FAILED);

    assertThat(report.settled()).as("nobody waits for what will not come right").isTrue();
    assertThat(Files.getAttribute(overlay, "unix:nlink")).isEqualTo(1);
  }

  @Test
  void anAgentThatIsKilledAfterTheOwnerChangedFinishesIt() throws Exception {
    DesiredVm vm = adopted(true, List.of());
    host.hypervisor().loseAnswers(true);
    host.want(vm);
    host.awaitDomains(id);
    host.kill();
    host.hypervisor().loseAnswers(false);

    host.boot();

    Path disk = Path.of(host.await(id, VmState.RUNNING).disks().getFirst().path());
    assertThat(Files.getAttribute(disk, "unix:ino")).isEqualTo(inode);
    assertThat(host.hypervisor().domains()).hasSize(1);
  }

  @Test
  void oneThatEndsMeanwhileIsOursAllTheSame() throws Exception {
    DesiredVm vm = adopted(false, List.of());
    host.hypervisor().loseAnswers(true);
    host.want(vm);
    host.awaitHost(_ -> host.hypervisor().others().isEmpty());
    host.kill();
    host.hypervisor().loseAnswers(false);

    host.boot();

    host.await(id, VmState.STOPPED);
    assertThat(host.folders().vm(id).resolve("disk-0.qcow2")).exists();
  }

  @Test
  void deletingOneTakesItsOldNameToo() throws Exception {
    DesiredVm vm = adopted(true, List.of());
    host.want(vm);
    host.await(id, VmState.RUNNING);

    host.power(id, DesiredPower.TRASHED);
    host.await(id, VmState.TRASHED);

    assertThat(overlay).doesNotExist();
    assertThat(host.folders().trashed(id).resolve("disk-0.qcow2")).exists();
    host.power(id, DesiredPower.STOPPED);
    host.await(id, VmState.STOPPED);
    assertThat(host.folders().vm(id).resolve("disk-0.qcow2")).exists();
  }

  /** Its disks adopted, and what the server then wants. */
  private DesiredVm adopted(boolean running, List<String> obstacles) {
    host.hypervisor().define(domain(running, obstacles));
    host.adopt(images, Wish.PARENTS);
    host.awaitAdopted(images);
    host.awaitHost(report -> report.adopted().map(TakeOverTest::domains).orElse(0) == 1);
    ForeignDomain listed = host.lastReport().adopted().orElseThrow().domains().getFirst();
    assertThat(listed.obstacles()).isEmpty();
    return vm(running, listed.disks().getFirst().base().orElseThrow());
  }

  private static int domains(AdoptedReport report) {
    return report.domains().size();
  }

  private OtherDomain domain(boolean running, List<String> obstacles) {
    return new OtherDomain(
        id,
        "web",
        running,
        1,
        1 << 28,
        List.of(new OtherDisk(overlay, "qcow2")),
        List.of(new DomainNic(new NetworkAttachment.Network("default"), "52:54:00:00:00:09")),
        obstacles,
        List.of(),
        Optional.empty());
  }

  private DesiredVm vm(boolean running, DiskId parent) {
    return vm(
        running ? DesiredPower.RUNNING : DesiredPower.STOPPED,
        Firmware.BIOS,
        List.of(new DesiredDisk(Optional.of(parent), 1 << 20, true)),
        List.of(overlay));
  }

  private DesiredVm vm(
      DesiredPower power, Firmware firmware, List<DesiredDisk> disks, List<Path> takeOver) {
    return new DesiredVm(
        id,
        "default",
        new EntityName("web"),
        1,
        power,
        1,
        1,
        1,
        1 << 28,
        firmware,
        RestartPolicy.ON_FAILURE,
        disks,
        List.of(new DesiredNic(new NetworkAttachment.Network("default"), "52:54:00:00:00:09")),
        CloudInit.NONE,
        takeOver.stream().map(Path::toString).toList());
  }
}
