package dev.ratoon.agent.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.agent.hypervisor.Accelerator;
import dev.ratoon.agent.hypervisor.DiskWork.CopyState;
import dev.ratoon.agent.hypervisor.DiskWork.DiskCopy;
import dev.ratoon.agent.hypervisor.DiskWork.DiskCut;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.hypervisor.TestDomains;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.ImageLocks;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/**
 * What libvirt believes of a domain after its daemon was killed at a bad moment, and what becomes
 * of it. Each moment is made by hand: QEMU is told, and libvirt's record of the domain rewritten,
 * while there is no daemon.
 */
@EnabledIf("dev.ratoon.agent.libvirt.PrivateLibvirtd#possible")
final class KilledLibvirtdTest {
  private static PrivateLibvirtd libvirtd;
  private static Hypervisor hypervisor;
  private final VmId id = new VmId(UUID.randomUUID());

  @BeforeAll
  static void begin() throws IOException {
    libvirtd = new PrivateLibvirtd();
    hypervisor = LibvirtHypervisor.open(libvirtd.uri(), Accelerator.TCG);
  }

  @AfterEach
  void tidy() {
    hypervisor.domains().forEach(left -> hypervisor.destroy(left.id()));
  }

  @AfterAll
  static void end() throws IOException {
    hypervisor.close();
    libvirtd.close();
  }

  /** libvirt has lost the job, and believes in the file before. */
  @Test
  void aDomainThatWentOverBehindLibvirtsBackGoesBack() throws Exception {
    DiskCopy copy = wholeCopy();
    hypervisor.pause(id);
    libvirtd.kill();
    endJob("complete");
    guestWrites();
    rewriteRecord(KilledLibvirtdTest::withoutMirror);
    comeBack();
    assertThat(ImageLocks.isWritten(copy.to())).as("it writes the copy").isTrue();

    endsAndStays(copy);
    beginsAnew(copy);
    assertThat(written(copy.from())).as("what went to the copy alone").containsOnly(0x5a);
    assertThat(written(copy.to())).as("the next copy").containsOnly(0x5a);
  }

  @Test
  void filesThatADaemonLeftOpenWhenItWasKilledAreClosed() throws Exception {
    DiskCopy copy = wholeCopy();
    libvirtd.kill();
    endJob("cancel");
    rewriteRecord(KilledLibvirtdTest::withoutMirror);
    comeBack();
    assertThat(ImageLocks.isWritten(copy.to())).as("it is open").isTrue();

    endsAndStays(copy);
    beginsAnew(copy);
  }

  /** A daemon that was killed before it wrote down where to it copies. */
  @Test
  void aCopyOfWhichLibvirtKnowsNoTargetIsEnded() throws Exception {
    DiskCopy copy = wholeCopy();
    libvirtd.kill();
    rewriteRecord(KilledLibvirtdTest::withoutMirror);
    comeBack();
    assertThat(hypervisor.copyState(id, copy)).isEqualTo(CopyState.NONE);

    endsAndStays(copy);
    beginsAnew(copy);
  }

  /** A daemon that was killed after QEMU had ended the job, and before it wrote that down. */
  @Test
  void aCopyInWhichOnlyLibvirtBelievesHoldsUpNothingButTheNext() throws Exception {
    for (String how : List.of("complete", "cancel")) {
      DiskCopy copy = wholeCopy();
      hypervisor.pause(id);
      libvirtd.kill();
      endJob(how);
      comeBack();
      assertThat(hypervisor.copyState(id, copy)).isEqualTo(CopyState.NONE);

      endsAndStays(copy);
      Files.delete(copy.to());
      assertThatThrownBy(() -> hypervisor.copy(id, TestDomains.newCopy(hypervisor, copy.from())))
          .isInstanceOfSatisfying(
              RatoonException.class,
              refused -> {
                assertThat(refused.problem().code()).isEqualTo(ErrorCode.HYPERVISOR_REFUSED);
                assertThat(refused.problem().next()).contains("Stop the VM and start it");
              });
      hypervisor.resume(id);
      hypervisor.destroy(id);
      Files.delete(copy.to());
      Files.delete(copy.from());
    }
  }

  /** A daemon that was killed when it had opened the next file, and before the domain wrote it. */
  @Test
  void aDomainIsCutThoughQemuHasTheNextFileOpen() throws Exception {
    Path first = start();
    DiskCut cut = new DiskCut(first, TestDomains.newChild(hypervisor, first));
    libvirtd.kill();
    try (MonitorSocket qemu = new MonitorSocket(monitor())) {
      String add = "{'execute':'blockdev-add','arguments':{'node-name':'libvirt-77-%s',%s}}";
      String file = "'driver':'file','filename':'%s'".formatted(cut.to());
      String child = "'driver':'qcow2','file':'libvirt-77-storage','backing':null";
      assertThat(qemu.ask(add.formatted("storage", file))).contains("return");
      assertThat(qemu.ask(add.formatted("format", child))).contains("return");
    }
    comeBack();
    assertThat(ImageLocks.isWritten(cut.to())).as("it is open").isTrue();

    hypervisor.cut(id, List.of(cut), false);

    assertThat(hypervisor.domain(id).orElseThrow().overlays()).containsExactly(cut.to());
    hypervisor.destroy(id);
  }

  @Test
  void aDomainThatLibvirtForgotIsNoDomainThatHasEnded() throws Exception {
    DiskCopy copy = wholeCopy();
    hypervisor.pause(id);
    libvirtd.kill();
    // As it is while a domain goes over to its copy.
    rewriteRecord(record -> record.replaceAll("(<mirror [^>]*)job='copy'", "$1job=''"));
    libvirtd.bringBack();
    PrivateLibvirtd.await(this::isConnected, "a new connection");

    assertThatThrownBy(() -> hypervisor.domain(id))
        .isInstanceOfSatisfying(
            RatoonException.class,
            unclear -> {
              Problem problem = unclear.problem();
              assertThat(problem.code()).isEqualTo(ErrorCode.HYPERVISOR_UNAVAILABLE);
              assertThat(problem.detail())
                  .contains("its guest runs on, in process " + qemu().pid());
              assertThat(problem.next()).contains("Restart libvirt's daemon");
            });
    assertThatThrownBy(this::start).hasMessageContaining("hypervisor-unavailable");
    assertThat(hypervisor.domain(new VmId(UUID.randomUUID()))).isEmpty();

    libvirtd.kill();
    comeBack();
    endsAndStays(copy);
    beginsAnew(copy);
  }

  /** Starts a domain and returns what it writes to. */
  private Path start() {
    Path disk = libvirtd.newDisk(hypervisor, id);
    hypervisor.start(TestDomains.small(id, disk, false, List.of()));
    return disk;
  }

  private ProcessHandle qemu() {
    return libvirtd.child(id.toString()).orElseThrow();
  }

  /** A domain, and a copy of its disk that has all. */
  private DiskCopy wholeCopy() {
    DiskCopy copy = TestDomains.newCopy(hypervisor, start());
    hypervisor.copy(id, copy);
    awaitWhole(copy);
    return copy;
  }

  private void awaitWhole(DiskCopy copy) {
    PrivateLibvirtd.await(
        () -> hypervisor.copyState(id, copy) == CopyState.WHOLE, "the copy to be whole");
  }

  private void comeBack() {
    libvirtd.bringBack();
    PrivateLibvirtd.await(
        () -> isConnected() && hypervisor.domain(id).isPresent(), "the domain to be known");
  }

  private boolean isConnected() {
    try {
      hypervisor.domains();
      return true;
    } catch (RatoonException notYet) {
      return false;
    }
  }

  private void endsAndStays(DiskCopy copy) {
    hypervisor.endCopy(id, copy);

    assertThat(hypervisor.domain(id).orElseThrow().overlays()).containsExactly(copy.from());
    assertThat(ImageLocks.isWritten(copy.to())).isFalse();
    assertThat(ImageLocks.isWritten(copy.from())).isTrue();
    hypervisor.endCopy(id, copy);
  }

  private void beginsAnew(DiskCopy copy) throws IOException {
    Files.delete(copy.to());
    DiskCopy again = TestDomains.newCopy(hypervisor, copy.from());
    hypervisor.copy(id, again);
    awaitWhole(again);
    hypervisor.pause(id);
    assertThat(hypervisor.goOver(id, again)).isTrue();
    assertThat(ImageLocks.isWritten(again.to())).isTrue();
    assertThat(ImageLocks.isWritten(again.from())).isFalse();
    hypervisor.destroy(id);
  }

  /** What libvirt has written down of the domain. */
  private Path record() throws IOException {
    try (var files = Files.list(libvirtd.folder().resolve("run/libvirt/qemu"))) {
      return files.filter(file -> file.toString().endsWith(id + ".xml")).findFirst().orElseThrow();
    }
  }

  private void rewriteRecord(UnaryOperator<String> change) throws IOException {
    String before = Files.readString(record());
    String after = change.apply(before);
    assertThat(after).isNotEqualTo(before);
    Files.writeString(record(), after);
  }

  private Path monitor() throws IOException {
    String text = Files.readString(record());
    Matcher path = Pattern.compile("<monitor path='/var/lib/libvirt/([^']+)'").matcher(text);
    assertThat(path.find()).isTrue();
    return libvirtd.folder().resolve("lib").resolve(path.group(1));
  }

  private static String withoutMirror(String record) {
    return record.replaceAll("(?s)<mirror .*?</mirror>", "").replace(" mirror='yes'", "");
  }

  /** Lets QEMU end its copy while libvirt does not look, and forget it. */
  private void endJob(String how) throws IOException {
    try (MonitorSocket qemu = new MonitorSocket(monitor())) {
      Matcher id = Pattern.compile("\"id\": \"(copy-[^\"]+)\"").matcher(jobs(qemu));
      assertThat(id.find()).isTrue();
      String job = id.group(1);
      qemu.ask("{'execute':'job-%s','arguments':{'id':'%s'}}".formatted(how, job));
      PrivateLibvirtd.await(() -> jobs(qemu).contains("concluded"), "the copy to end");
      qemu.ask("{'execute':'job-dismiss','arguments':{'id':'%s'}}".formatted(job));
    }
  }

  /** As a guest does that was let go on meanwhile. */
  private void guestWrites() throws IOException {
    String device = "/machine/peripheral/virtio-disk0/virtio-backend";
    String write = "qemu-io -d %s \\\"write -P 0x5a 0 512\\\"".formatted(device);
    try (MonitorSocket qemu = new MonitorSocket(monitor())) {
      String answer =
          qemu.ask(
              "{'execute':'human-monitor-command','arguments':{'command-line':'%s'}}"
                  .formatted(write));
      assertThat(answer).doesNotContain("rror");
    }
  }

  private static byte[] written(Path disk) {
    ByteBuffer bytes = ByteBuffer.allocate(512);
    try (VirtualDisk open =
        VirtualDisks.open(disk, dev.ratoon.disk.DiskFormat.QCOW2, OpenRules.chain(2))) {
      open.read(0, bytes);
    }
    return bytes.array();
  }

  private static String jobs(MonitorSocket qemu) {
    try {
      return qemu.ask("{'execute':'query-jobs'}");
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}
