package dev.ratoon.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.agent.hypervisor.DomainState;
import dev.ratoon.agent.hypervisor.HypervisorEvent.PauseReason;
import dev.ratoon.cache.share.MountedFiles;
import dev.ratoon.cache.share.ShareTimes;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.ParentWitness;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.qcow2.Qcow2Header;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.model.ShareKind;
import dev.ratoon.model.ShareState;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredShare;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.LayerTask;
import dev.ratoon.protocol.agent.LayeringReport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A VM's disk on the way from the host's own cache to a shared one and back. */
class MoveDiskTest {
  private static final ShareTimes TIMES =
      new ShareTimes(
          Duration.ofSeconds(5), Duration.ofMillis(50), Duration.ofSeconds(20), Duration.ZERO);

  @TempDir Path work;
  private Host host;
  private Path own;
  private Path shared;
  private Hanging hanging;
  private VmId vm;
  private byte[] content;

  @BeforeEach
  void up() throws Exception {
    shared = Files.createDirectory(work.resolve("share"));
    host = new Host(work);
    hanging = new Hanging(new MountedFiles(shared));
    host.shareFiles(TIMES, share -> hanging.files());
    host.boot();
    own = host.cache().root();
    host.wantShares(share(Optional.empty()));
    host.awaitHost(h -> h.shares().stream().anyMatch(s -> s.marker().isPresent()));
    host.wantShares(share(host.lastReport().shares().getFirst().marker()));
    host.awaitHost(h -> h.shares().stream().anyMatch(s -> s.state() == ShareState.READY));
    vm = host.deploy("web");
    host.await(vm, VmState.RUNNING);
    content = Arrays.copyOf(host.content(), Host.DISK_BYTES);
    guestWrites(0, "before");
  }

  @AfterEach
  void down() throws Exception {
    hanging.hang(false);
    host.close();
  }

  private DesiredShare share(Optional<String> marker) {
    return new DesiredShare(
        new EntityName("vm-cache"),
        ShareKind.MOUNTED,
        shared.toString(),
        Optional.empty(),
        marker,
        true,
        List.of());
  }

  @Test
  void aRunningVmGoesOnOnTheSameBaseInAnotherCacheAndComesBack() {
    LayeringReport report = move(shared);

    assertThat(report.problem()).isEmpty();
    assertThat(report.disks().getFirst().base()).contains(host.image());
    assertThat(written().getFileName()).hasToString("disk-0.1.qcow2");
    assertOneFileOn(shared);
    assertRunning();
    guestWrites(70_000, "after");
    assertThat(readVm()).isEqualTo(content);
    restart();
    assertThat(readVm()).isEqualTo(content);
    assertThat(move(own).problem()).isEmpty();
    assertOneFileOn(own);
    assertThat(move(own).problem()).isEmpty();
    assertThat(written().getFileName()).hasToString("disk-0.2.qcow2");
    restart();
    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void eachDiskOfARunningVmMovesAfterTheOther() {
    DesiredDisk disk = new DesiredDisk(Optional.of(host.image()), Host.DISK_BYTES, true);
    DesiredVm two =
        host.vm("two", DesiredPower.RUNNING, RestartPolicy.NEVER, true)
            .withDisks(List.of(disk, disk));
    vm = two.id();
    host.want(two);
    host.await(vm, VmState.RUNNING);
    DesiredDisk there = disk.in(Optional.of(shared.toString()));

    host.layer(vm, LayerTask.MOVE, there, there);

    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    assertThat(files()).containsExactly("disk-0.1.qcow2", "disk-1.1.qcow2");
  }

  @Test
  void ofAStoppedVmOnlyTheHeaderChanges() {
    stop();

    assertThat(move(shared).problem()).isEmpty();

    assertThat(files()).containsExactly("disk-0.qcow2");
    assertOneFileOn(shared);
    start();
    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void whatWasFrozenBelowARunningVmMovesToo() {
    host.layer(vm, LayerTask.FREEZE);
    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    guestWrites(5_000, "on top");

    assertThat(move(own).problem()).as("a link leads there").isEmpty();
    assertThat(written().getFileName()).hasToString("disk-0.1.qcow2");
    assertThat(move(shared).problem()).isEmpty();

    assertStandsIn(shared);
    assertThat(readVm()).isEqualTo(content);
    restart();
    assertOneFileOn(shared);
    assertThat(readVm()).isEqualTo(content);
    host.layer(vm, LayerTask.FREEZE);
    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    restart();
    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void aVmComesOffAShareThatHangs() {
    VmId stopped = vm;
    assertThat(move(shared).problem()).isEmpty();
    stop();
    vm = host.deploy("runs");
    host.await(vm, VmState.RUNNING);
    content = Arrays.copyOf(host.content(), Host.DISK_BYTES);
    guestWrites(3_000, "here");
    assertThat(move(shared).problem()).isEmpty();
    hanging.hang(true);
    host.awaitHost(h -> h.shares().getFirst().state() == ShareState.STALLED);

    for (VmId each : List.of(vm, stopped)) {
      vm = each;
      assertThat(move(own).problem()).isEmpty();
      assertOneFileOn(own);
      restart();
    }
  }

  @Test
  void aCopyGivesWayToAGuestThatFindsNoRoom() {
    copying();
    guestWrites(6_000, "full");
    host.hypervisor().failDisk(vm, PauseReason.DISK_FULL);
    host.hypervisor().copiesGoOn(false);

    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    assertRunning();
    assertOneFileOn(shared);
    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void aHeldVmStaysHeld() {
    host.power(vm, DesiredPower.PAUSED);
    host.await(vm, VmState.PAUSED);

    assertThat(move(shared).problem()).isEmpty();

    assertOneFileOn(shared);
    assertThat(host.hypervisor().domain(vm).orElseThrow().state()).isEqualTo(DomainState.PAUSED);
  }

  @Test
  void aPlaceThatIsNoCacheIsRefused() {
    Problem refused = move(work.resolve("elsewhere")).problem().orElseThrow();

    assertThat(refused.code()).isEqualTo(ErrorCode.WRONG_STATE);
    assertThat(refused.detail()).contains(own.toString(), shared.toString());
    assertUntouched();
  }

  @Test
  void aRefusedCopyLeavesTheVmAsItWas() {
    host.hypervisor().refuseStarts(Problem.of(ErrorCode.HYPERVISOR_REFUSED, "copying"));

    assertThat(move(shared).problem().orElseThrow().code()).isEqualTo(ErrorCode.HYPERVISOR_REFUSED);

    assertUntouched();
  }

  @Test
  void anAgentThatIsKilledWhileItIsCopiedGoesOnWithIt() {
    copying();
    guestWrites(4_000, "both");
    host.kill();
    guestWrites(8_000, "nobody looks");
    host.boot();
    host.hypervisor().copiesGoOn(false);

    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    assertOneFileOn(shared);
    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void aPowerLossWhileItIsCopiedLeavesTheDiskThatItWas() {
    copying();
    guestWrites(4_000, "both");
    host.losePower();
    assertThat(files()).containsExactly("disk-0.1.qcow2", "disk-0.qcow2");
    host.hypervisor().copiesGoOn(false);
    host.boot();

    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    host.awaitDomains(vm);
    assertOneFileOn(shared);
    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void anAgentThatDiesBeforeItNotesThatTheGuestWentOverLetsItGoOnThere() {
    host.hypervisor().loseAnswers(true);
    ask(shared);
    host.awaitReport(vm, r -> written().endsWith("disk-0.1.qcow2"));
    host.kill();
    assertThat(state()).as("nobody writes").isEqualTo(DomainState.PAUSED);
    host.hypervisor().loseAnswers(false);
    host.boot();

    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    assertRunning();
    assertOneFileOn(shared);
    guestWrites(9_000, "after");
    restart();
    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void aGuestThatIsResumedBeforeThatIsNotedIsNotedFirst() {
    host.hypervisor().loseAnswers(true);
    ask(shared);
    host.awaitReport(vm, r -> written().endsWith("disk-0.1.qcow2"));
    host.kill();
    host.hypervisor().loseAnswers(false);
    host.power(vm, DesiredPower.RUNNING);
    host.boot();
    host.await(vm, VmState.RUNNING);

    guestWrites(9_000, "after");
    host.losePower();
    host.boot();
    host.awaitDomains(vm);
    host.await(vm, VmState.RUNNING);
    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void aPowerLossBeforeItIsNotedThatTheGuestWentOverLosesNothing() {
    host.hypervisor().loseAnswers(true);
    ask(shared);
    host.awaitReport(vm, r -> written().endsWith("disk-0.1.qcow2"));
    host.losePower();
    host.hypervisor().loseAnswers(false);
    host.boot();

    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    host.awaitDomains(vm);
    assertOneFileOn(shared);
    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void aHypervisorThatIsLostBeforeTheGuestWentOverIsAskedAgain() {
    host.hypervisor().loseBeforeGoingOver(true);
    ask(shared);
    host.awaitReport(vm, r -> state() == DomainState.PAUSED);
    host.kill();
    host.hypervisor().loseBeforeGoingOver(false);
    host.boot();

    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    assertRunning();
    assertOneFileOn(shared);
    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void aGuestThatEndsWhileItIsCopiedLeavesOneFile() {
    copying();
    host.power(vm, DesiredPower.TRASHED);
    host.await(vm, VmState.TRASHED);

    try (Stream<Path> left = Files.list(host.folders().trashed(vm))) {
      assertThat(left.map(file -> file.getFileName().toString()))
          .filteredOn(name -> name.startsWith("disk-"))
          .containsExactly("disk-0.qcow2");
    } catch (IOException gone) {
      throw new AssertionError(gone);
    }
  }

  private void copying() {
    host.hypervisor().copiesGoOn(true);
    ask(shared);
    host.awaitReport(vm, r -> !host.hypervisor().blockJobs().isEmpty());
  }

  private LayeringReport move(Path cache) {
    ask(cache);
    return host.awaitLayering(vm);
  }

  private void ask(Path cache) {
    DesiredDisk disk = new DesiredDisk(Optional.of(host.image()), Host.DISK_BYTES, true);
    host.layer(vm, LayerTask.MOVE, disk.in(Optional.of(cache.toString())));
  }

  private void assertUntouched() {
    assertThat(files()).containsExactly("disk-0.qcow2");
    assertOneFileOn(own);
    assertRunning();
    host.hypervisor().acceptStarts();
    restart();
    assertThat(readVm()).isEqualTo(content);
  }

  private void assertOneFileOn(Path cache) {
    assertThat(files()).hasSize(1);
    assertStandsIn(cache);
  }

  private void assertStandsIn(Path cache) {
    Path disk = host.folders().vm(vm).resolve(files().getFirst());
    Path file = Qcow2Header.read(disk).backing(disk).orElseThrow().file();
    assertThat(file).hasParentRaw(cache);
  }

  private void assertRunning() {
    assertThat(state()).isEqualTo(DomainState.RUNNING);
  }

  private DomainState state() {
    return host.hypervisor().domain(vm).orElseThrow().state();
  }

  private List<String> files() {
    try (Stream<Path> files = Files.list(host.folders().vm(vm))) {
      return files
          .filter(file -> !Files.isSymbolicLink(file))
          .map(file -> file.getFileName().toString())
          .filter(name -> name.startsWith("disk-"))
          .sorted()
          .toList();
    } catch (IOException gone) {
      throw new AssertionError(gone);
    }
  }

  private void restart() {
    stop();
    start();
  }

  private void stop() {
    host.power(vm, DesiredPower.STOPPED);
    host.await(vm, VmState.STOPPED);
  }

  private void start() {
    host.power(vm, DesiredPower.RUNNING);
    host.await(vm, VmState.RUNNING);
  }

  private Path written() {
    return host.hypervisor().spec(vm).orElseThrow().disks().getFirst().path();
  }

  private void guestWrites(int offset, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    try (WritableDisk disk = VirtualDisks.openWritable(written(), DiskFormat.QCOW2, rules())) {
      disk.write(offset, ByteBuffer.wrap(bytes));
      disk.flush();
    }
    System.arraycopy(bytes, 0, content, offset, bytes.length);
  }

  private byte[] readVm() {
    try (VirtualDisk disk = VirtualDisks.open(written(), DiskFormat.QCOW2, rules())) {
      ByteBuffer all = ByteBuffer.allocate((int) disk.size());
      disk.read(0, all);
      return all.array();
    }
  }

  private static OpenRules.Chain rules() {
    return OpenRules.chain(64, List.of(), ParentWitness.TRUSTING);
  }
}
