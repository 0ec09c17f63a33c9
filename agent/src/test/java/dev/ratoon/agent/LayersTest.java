package dev.ratoon.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.cache.Base;
import dev.ratoon.disk.Backing;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.ParentWitness;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.qcow2.Qcow2Header;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.LayerTask;
import dev.ratoon.protocol.agent.LayeringReport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What can be done to the disks of VMs as layers, and what is cut off in the middle of it. */
class LayersTest {
  @TempDir Path work;
  private Host host;
  private VmId vm;
  private byte[] content;

  @BeforeEach
  void up() throws Exception {
    host = new Host(work);
    host.boot();
    vm = host.deploy("web");
    host.await(vm, VmState.RUNNING);
    content = Arrays.copyOf(host.content(), Host.DISK_BYTES);
  }

  @AfterEach
  void down() throws Exception {
    host.close();
  }

  @Test
  void aRunningVmIsFrozenAndGoesOnInANewFile() throws Exception {
    guestWrites(100_000, "before");
    byte[] frozen = content.clone();

    host.layer(vm, LayerTask.FREEZE);
    LayeringReport report = host.awaitLayering(vm);

    assertThat(report.problem()).isEmpty();
    assertThat(report.frozenAt()).isPresent();
    assertThat(report.quiesced()).isFalse();
    DiskId base = report.disks().getFirst().base().orElseThrow();
    assertThat(base).isNotEqualTo(host.image());
    assertThat(written().getFileName()).hasToString("disk-0.1.qcow2");
    assertThat(read(base)).isEqualTo(frozen);
    guestWrites(200_000, "after");
    assertThat(read(base)).isEqualTo(frozen);
    assertThat(readVm()).isEqualTo(content);

    restart();
    assertThat(readVm()).isEqualTo(content);
    assertStandsOn(base);
    assertThat(files()).containsExactly("console.log", "disk-0.1.qcow2", "seed.iso", "vm.json");
  }

  @Test
  void aCloneStandsOnWhatWasFrozen() {
    guestWrites(0, "frozen");
    byte[] frozen = content.clone();
    host.layer(vm, LayerTask.FREEZE);
    DesiredDisk disk = host.awaitLayering(vm).disks().getFirst();
    guestWrites(0, "later!");

    DesiredVm like = host.vm("clone", DesiredPower.RUNNING, RestartPolicy.NEVER, true);
    DesiredVm clone = like.withDisks(List.of(new DesiredDisk(disk.base(), disk.sizeBytes(), true)));
    host.want(clone);
    host.await(clone.id(), VmState.RUNNING);

    assertThat(read(host.hypervisor().spec(clone.id()).orElseThrow().disks().getFirst().path()))
        .isEqualTo(frozen);
    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void aStoppedVmIsFrozenToo() throws Exception {
    guestWrites(0, "x");
    host.power(vm, DesiredPower.STOPPED);
    host.await(vm, VmState.STOPPED);

    host.layer(vm, LayerTask.FREEZE);
    DiskId base = host.awaitLayering(vm).disks().getFirst().base().orElseThrow();

    assertThat(read(base)).isEqualTo(content);
    assertStandsOn(base);
    assertThat(files()).containsExactly("console.log", "disk-0.1.qcow2", "seed.iso", "vm.json");
  }

  @Test
  void freezingAgainAndAgainKeepsEveryStateAndTheChainWithinItsBound() throws Exception {
    DiskId[] bases = new DiskId[7];
    byte[][] states = new byte[bases.length][];
    for (int i = 0; i < bases.length; i++) {
      guestWrites(i * 50_000, "state " + i);
      states[i] = content.clone();
      host.layer(vm, LayerTask.FREEZE);
      bases[i] = host.awaitLayering(vm).disks().getFirst().base().orElseThrow();
    }
    for (int i = 0; i < bases.length; i++) {
      assertThat(read(bases[i])).as("state %d", i).isEqualTo(states[i]);
      assertThat(host.cache().chain(host.cache().use(bases[i]))).hasSizeLessThanOrEqualTo(4);
    }
    restart();
    assertThat(readVm()).isEqualTo(content);
    assertThat(files()).containsExactly("console.log", "disk-0.7.qcow2", "seed.iso", "vm.json");
  }

  @Test
  void aFreezeOfWhatWasNotWrittenSinceIsTheSameBase() throws Exception {
    host.layer(vm, LayerTask.FREEZE);
    assertThat(host.awaitLayering(vm).disks().getFirst().base()).contains(host.image());
    guestWrites(0, "new");
    host.layer(vm, LayerTask.FREEZE);
    DiskId base = host.awaitLayering(vm).disks().getFirst().base().orElseThrow();
    host.layer(vm, LayerTask.FREEZE);
    assertThat(host.awaitLayering(vm).disks().getFirst().base()).contains(base);

    guestWrites(9_000, "and more");
    restart();
    assertThat(readVm()).isEqualTo(content);
    assertStandsOn(base);
  }

  @Test
  void anAgentThatDiesBetweenCutAndRecordAsksTheDomainWhichFileItWrites() throws Exception {
    guestWrites(0, "before");
    host.hypervisor().loseAnswers(true);
    host.layer(vm, LayerTask.FREEZE);
    host.awaitReport(vm, r -> written().endsWith("disk-0.1.qcow2"));
    host.kill();
    host.hypervisor().loseAnswers(false);
    guestWrites(5_000, "after the cut");
    host.boot();

    DiskId base = host.awaitLayering(vm).disks().getFirst().base().orElseThrow();

    assertThat(base).isNotEqualTo(host.image());
    restart();
    assertThat(readVm()).isEqualTo(content);
  }

  /** The first request was given up by whoever asked; its cut was made all the same. */
  @Test
  void whatIsAskedForNowHasWhatWasWrittenSinceACutOfBefore() throws Exception {
    guestWrites(0, "before");
    host.hypervisor().loseAnswers(true);
    host.layer(vm, LayerTask.FREEZE);
    host.awaitReport(vm, r -> written().endsWith("disk-0.1.qcow2"));
    host.kill();
    host.hypervisor().loseAnswers(false);
    guestWrites(5_000, "after the cut");
    byte[] then = content.clone();
    host.layer(vm, LayerTask.FREEZE);
    host.boot();
    DesiredDisk snapshot = host.awaitLayering(vm).disks().getFirst();
    guestWrites(9_000, "since");

    host.power(vm, DesiredPower.STOPPED);
    host.await(vm, VmState.STOPPED);
    host.layer(vm, LayerTask.RENEW, snapshot);
    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    content = then;
    host.power(vm, DesiredPower.RUNNING);
    host.await(vm, VmState.RUNNING);
    assertThat(readVm()).isEqualTo(then);
  }

  @Test
  void aHostThatLosesPowerBetweenCutAndRecordLosesNothing() throws Exception {
    guestWrites(0, "before");
    host.hypervisor().loseAnswers(true);
    host.layer(vm, LayerTask.FREEZE);
    host.awaitReport(vm, r -> written().endsWith("disk-0.1.qcow2"));
    guestWrites(5_000, "after the cut");
    host.losePower();
    host.hypervisor().loseAnswers(false);
    host.boot();
    host.awaitLayering(vm);
    host.awaitDomains(vm);

    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void aHostThatLosesPowerBeforeTheCutLosesNothing() throws Exception {
    guestWrites(0, "before");
    host.hypervisor()
        .refuseStarts(Problem.of(ErrorCode.HYPERVISOR_UNAVAILABLE, "cutting").detail("test"));
    host.layer(vm, LayerTask.FREEZE);
    host.awaitReport(
        vm, r -> Files.exists(written().resolveSibling("disk-0.1.qcow2")) && cutIsNoted());
    guestWrites(5_000, "not cut yet");
    host.losePower();
    host.hypervisor().acceptStarts();
    host.boot();
    host.awaitLayering(vm);
    host.awaitDomains(vm);

    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void aRefusedCutLeavesTheVmAsItWas() {
    guestWrites(0, "before");
    host.hypervisor().refuseStarts(Problem.of(ErrorCode.HYPERVISOR_REFUSED, "cutting"));

    host.layer(vm, LayerTask.FREEZE);

    assertThat(host.awaitLayering(vm).problem().orElseThrow().code())
        .isEqualTo(ErrorCode.HYPERVISOR_REFUSED);
    host.hypervisor().acceptStarts();
    assertThat(written().getFileName()).hasToString("disk-0.qcow2");
    assertThat(cutIsNoted()).isFalse();
    host.layer(vm, LayerTask.FLATTEN);
    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    host.layer(vm, LayerTask.FREEZE);
    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void aFreezeThatIsUnclearIsClearAsSoonAsTheVmHasStopped() throws Exception {
    guestWrites(0, "before");
    host.hypervisor()
        .refuseStarts(Problem.of(ErrorCode.HYPERVISOR_UNAVAILABLE, "cutting").detail("test"));
    host.layer(vm, LayerTask.FREEZE);
    host.awaitReport(vm, _ -> cutIsNoted());
    host.hypervisor().refuseStarts(Problem.of(ErrorCode.HYPERVISOR_REFUSED, "cutting"));
    assertThat(host.awaitLayering(vm).problem().orElseThrow().code())
        .isEqualTo(ErrorCode.WRONG_STATE);
    host.hypervisor().acceptStarts();

    host.power(vm, DesiredPower.STOPPED);
    host.await(vm, VmState.STOPPED);

    host.awaitReport(vm, _ -> !cutIsNoted());
    host.power(vm, DesiredPower.RUNNING);
    host.await(vm, VmState.RUNNING);
    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void aRevertedVmReadsAsItDidAndWhatItWroteSinceIsGone() throws Exception {
    guestWrites(0, "good");
    byte[] good = content.clone();
    host.layer(vm, LayerTask.FREEZE);
    DesiredDisk snapshot = host.awaitLayering(vm).disks().getFirst();
    guestWrites(0, "evil");

    host.layer(vm, LayerTask.RENEW, snapshot);
    assertThat(host.awaitLayering(vm).problem().orElseThrow().code())
        .isEqualTo(ErrorCode.WRONG_STATE);
    host.power(vm, DesiredPower.STOPPED);
    host.await(vm, VmState.STOPPED);
    host.layer(vm, LayerTask.RENEW, snapshot);
    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    content = good;
    host.power(vm, DesiredPower.RUNNING);
    host.await(vm, VmState.RUNNING);

    assertThat(readVm()).isEqualTo(good);
    assertThat(files()).containsExactly("console.log", "disk-0.2.qcow2", "seed.iso", "vm.json");
  }

  @Test
  void aVmIsFlattenedWhileItRunsAndAfterwardsStandsAlone() throws Exception {
    guestWrites(0, "mine");
    host.hypervisor().pullsGoOn(true);
    host.layer(vm, LayerTask.FLATTEN);
    host.awaitReport(
        vm, r -> r.layering().filter(l -> !l.settled() && !l.steps().isEmpty()).isPresent());
    host.kill();
    host.boot();
    host.hypervisor().pullsGoOn(false);
    host.hypervisor().work(List.of());

    LayeringReport report = host.awaitLayering(vm);

    assertThat(report.problem()).isEmpty();
    assertThat(report.disks().getFirst().base()).isEmpty();
    assertThat(Qcow2Header.read(written()).backingName()).isEmpty();
    restart();
    assertThat(readVm()).isEqualTo(content);
    guestWrites(0, "and frozen");
    host.layer(vm, LayerTask.FREEZE);
    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    restart();
    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void aHostThatLosesPowerWhenADiskIsWholeAndThatIsNotWrittenDownLosesNothing() throws Exception {
    guestWrites(0, "mine");
    host.hypervisor().pullsGoOn(true);
    host.layer(vm, LayerTask.FLATTEN);
    host.awaitReport(vm, r -> !host.hypervisor().blockJobs().isEmpty());
    host.kill();
    host.hypervisor().pullsGoOn(false);
    host.hypervisor().pull(vm, written());
    assertThat(record()).contains("\"about\":[{");
    host.losePower();
    host.boot();

    LayeringReport report = host.awaitLayering(vm);
    host.awaitDomains(vm);

    assertThat(report.problem()).isEmpty();
    assertThat(report.disks().getFirst().base()).isEmpty();
    assertThat(Qcow2Header.read(written()).backingName()).isEmpty();
    assertThat(readVm()).isEqualTo(content);
    assertThat(record()).contains("\"about\":[]");
  }

  @Test
  void aFlattenThatIsBrokenOffByAPowerLossLeavesTheDiskOnItsBase() throws Exception {
    guestWrites(0, "mine");
    host.hypervisor().pullsGoOn(true);
    host.layer(vm, LayerTask.FLATTEN);
    host.awaitReport(vm, r -> !host.hypervisor().blockJobs().isEmpty());
    host.losePower();
    host.hypervisor().work(List.of());
    host.hypervisor().pullsGoOn(false);
    host.boot();

    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    host.awaitDomains(vm);
    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void aDiskOnItsNewBaseIsBelievedIfThatWasMeantAndOnlyThen() throws Exception {
    host.layer(vm, LayerTask.FREEZE);
    host.awaitLayering(vm);
    DesiredDisk newer = another();
    host.power(vm, DesiredPower.STOPPED);
    host.await(vm, VmState.STOPPED);
    host.kill();
    host.boot();
    Path disk = host.folders().vm(vm).resolve(newest());
    Base base = host.cache().use(newer.base().orElseThrow());
    content = read(base.id());
    host.kill();
    VirtualDisks.relink(
        disk,
        DiskFormat.QCOW2,
        new Backing(base.path(), base.format(), Optional.empty(), Optional.of(base.id())));
    host.boot();
    host.power(vm, DesiredPower.RUNNING);
    assertThat(host.await(vm, VmState.FAILED).problem().orElseThrow().code())
        .isEqualTo(ErrorCode.OVERLAY_ALTERED);
    host.kill();
    String before = record();
    assertThat(before).contains("\"about\":[]");
    DesiredDisk meant = newer.inNextFile();
    Files.writeString(
        host.folders().vm(vm).resolve("vm.json"),
        before.replace("\"about\":[]", "\"about\":[" + Json.write(meant) + "]"));
    host.boot();
    host.power(vm, DesiredPower.RUNNING);
    host.await(vm, VmState.RUNNING);

    assertStandsOn(base.id());
    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void aRecordThatSaysNothingOfWhatIsAboutToChangeIsReadToo() throws Exception {
    guestWrites(0, "mine");
    host.layer(vm, LayerTask.FREEZE);
    host.awaitLayering(vm);
    host.losePower();
    String before = record();
    assertThat(before).contains(",\"about\":[]");
    Files.writeString(
        host.folders().vm(vm).resolve("vm.json"), before.replace(",\"about\":[]", ""));
    host.boot();
    host.awaitDomains(vm);

    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void aStoppedVmIsFlattenedByACopy() throws Exception {
    guestWrites(0, "mine");
    host.power(vm, DesiredPower.STOPPED);
    host.await(vm, VmState.STOPPED);
    Path folder = host.folders().vm(vm);
    for (String left : List.of("disk-0.1.qcow2", "disk-0.7.qcow2", "disk-3.raw", "disk-0.old")) {
      Files.writeString(folder.resolve(left), "left by one that was cut short");
    }

    host.layer(vm, LayerTask.FLATTEN);

    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    Files.delete(folder.resolve("disk-0.old"));
    assertThat(files()).containsExactly("console.log", "disk-0.1.qcow2", "seed.iso", "vm.json");
    host.power(vm, DesiredPower.RUNNING);
    host.await(vm, VmState.RUNNING);
    assertThat(Qcow2Header.read(written()).backingName()).isEmpty();
    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void aFlattenThatFailsLeavesTheDiskAloneAsItWas() throws Exception {
    guestWrites(0, "mine");
    host.power(vm, DesiredPower.STOPPED);
    host.await(vm, VmState.STOPPED);
    host.alterBase();

    host.layer(vm, LayerTask.FLATTEN);

    assertThat(host.awaitLayering(vm).problem()).isPresent();
    assertThat(files()).containsExactly("console.log", "disk-0.qcow2", "seed.iso", "vm.json");
  }

  @Test
  void aRebasedVmReadsAsBeforeOnAnotherBase() throws Exception {
    guestWrites(0, "mine");
    DesiredDisk newer = another();
    host.power(vm, DesiredPower.STOPPED);
    host.await(vm, VmState.STOPPED);

    host.layer(vm, LayerTask.REBASE, newer);

    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    assertStandsOn(newer.base().orElseThrow());
    host.power(vm, DesiredPower.RUNNING);
    host.await(vm, VmState.RUNNING);
    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void aGuestsBlocksAreNotPutOnTopOfAnotherImage() {
    DesiredDisk newer = another();
    guestWrites(0, "mine");
    host.power(vm, DesiredPower.STOPPED);
    host.await(vm, VmState.STOPPED);

    host.layer(vm, LayerTask.RENEW_UNWRITTEN, newer);

    Problem refused = host.awaitLayering(vm).problem().orElseThrow();
    assertThat(refused.code()).isEqualTo(ErrorCode.WRONG_STATE);
    assertThat(refused.detail()).contains("64 KiB");
    host.power(vm, DesiredPower.RUNNING);
    host.await(vm, VmState.RUNNING);
    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void aVmWhoseGuestWroteNothingGetsTheNewerImage() throws Exception {
    DesiredDisk newer = another();
    host.power(vm, DesiredPower.STOPPED);
    host.await(vm, VmState.STOPPED);

    host.layer(vm, LayerTask.RENEW_UNWRITTEN, newer);

    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    assertStandsOn(newer.base().orElseThrow());
  }

  @Test
  void aFrozenVmGoesToTheTrashAndComesBack() {
    guestWrites(0, "mine");
    host.layer(vm, LayerTask.FREEZE);
    host.awaitLayering(vm);
    guestWrites(4_000, "more");
    host.power(vm, DesiredPower.TRASHED);
    host.await(vm, VmState.TRASHED);
    host.power(vm, DesiredPower.STOPPED);
    host.await(vm, VmState.STOPPED);
    host.power(vm, DesiredPower.RUNNING);
    host.await(vm, VmState.RUNNING);

    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void whatIsPurgedLeavesTheBasesThatItBecame() throws Exception {
    guestWrites(0, "mine");
    byte[] frozen = content.clone();
    host.layer(vm, LayerTask.FREEZE);
    DiskId base = host.awaitLayering(vm).disks().getFirst().base().orElseThrow();

    host.power(vm, DesiredPower.PURGED);
    host.awaitReport(vm, r -> !Files.exists(host.folders().vm(vm)));

    assertThat(read(base)).isEqualTo(frozen);
  }

  /** Another base of the same size, of which the cache has all. */
  private DesiredDisk another() {
    VmId other = host.deploy("other");
    host.await(other, VmState.RUNNING);
    writes(host.hypervisor().spec(other).orElseThrow().disks().getFirst().path(), 2 << 20, "newer");
    host.layer(other, LayerTask.FREEZE);
    DesiredDisk frozen = host.awaitLayering(other).disks().getFirst();
    return new DesiredDisk(frozen.base(), frozen.sizeBytes(), true);
  }

  private String record() throws IOException {
    return Files.readString(host.folders().vm(vm).resolve("vm.json"));
  }

  private boolean cutIsNoted() {
    try {
      return record().contains("\"cut\"");
    } catch (IOException gone) {
      return false;
    }
  }

  private void restart() {
    host.power(vm, DesiredPower.STOPPED);
    host.await(vm, VmState.STOPPED);
    host.power(vm, DesiredPower.RUNNING);
    host.await(vm, VmState.RUNNING);
  }

  private void assertStandsOn(DiskId base) {
    Path disk = host.folders().vm(vm).resolve(newest());
    Base expected = host.cache().use(base);
    assertThat(Qcow2Header.read(disk).backing(disk).orElseThrow().file())
        .isEqualTo(expected.path());
    assertThat(Qcow2Header.read(disk).parentId()).contains(base);
  }

  private String newest() {
    return files().stream().filter(name -> name.startsWith("disk-0")).sorted().toList().getLast();
  }

  private List<String> files() {
    try (Stream<Path> files = Files.list(host.folders().vm(vm))) {
      return Stream.concat(
              Stream.of("console.log"), files.map(file -> file.getFileName().toString()))
          .distinct()
          .sorted()
          .toList();
    } catch (IOException gone) {
      throw new AssertionError(gone);
    }
  }

  /** The file that the domain writes. */
  private Path written() {
    return host.hypervisor().spec(vm).orElseThrow().disks().getFirst().path();
  }

  private void guestWrites(int offset, String text) {
    byte[] bytes = writes(written(), offset, text);
    System.arraycopy(bytes, 0, content, offset, bytes.length);
  }

  private static byte[] writes(Path file, int offset, String text) {
    byte[] bytes = text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    try (WritableDisk disk = VirtualDisks.openWritable(file, DiskFormat.QCOW2, rules())) {
      disk.write(offset, ByteBuffer.wrap(bytes));
      disk.flush();
    }
    return bytes;
  }

  private byte[] readVm() {
    return read(written());
  }

  private static byte[] read(Path file) {
    try (VirtualDisk disk = VirtualDisks.open(file, DiskFormat.QCOW2, rules())) {
      return read(disk);
    }
  }

  private byte[] read(DiskId base) {
    try (VirtualDisk disk = host.cache().open(host.cache().use(base))) {
      return read(disk);
    }
  }

  private static byte[] read(VirtualDisk disk) {
    ByteBuffer all = ByteBuffer.allocate((int) disk.size());
    disk.read(0, all);
    return all.array();
  }

  private static OpenRules.Chain rules() {
    return OpenRules.chain(64, List.of(), ParentWitness.TRUSTING);
  }
}
