package dev.ratoon.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.ratoon.agent.host.DiskFolders;
import dev.ratoon.agent.hypervisor.DomainState;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.ParentWitness;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.LayerTask;
import dev.ratoon.protocol.agent.LayeringReport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** A VM's own file on the way to another folder of its host, and back. */
class MoveFileTest {
  private static final Optional<Path> HOME = Optional.empty();

  @TempDir Path work;
  @TempDir Path outside;
  private Host host;
  private Path fast;
  private VmId vm;
  private byte[] content;

  @BeforeEach
  void up() throws Exception {
    host = new Host(work);
    fast = Files.createDirectory(outside.toRealPath().resolve("fast"));
    host.folders().prepared().elsewhere().add(fast);
    host.boot();
    vm = host.deploy("web");
    host.await(vm, VmState.RUNNING);
    content = Arrays.copyOf(host.content(), Host.DISK_BYTES);
    guestWrites(0, "before");
  }

  @AfterEach
  void down() throws Exception {
    host.close();
  }

  @Test
  void aRunningVmGoesOnInAnotherFolderAndComesBack() {
    assertThat(host.lastReport().facts().diskFolders())
        .containsExactly(host.folders().vms().toString(), fast.toString());

    LayeringReport report = move(Optional.of(fast));

    assertThat(report.problem()).isEmpty();
    assertThat(report.disks().getFirst().folder()).contains(fast.toString());
    assertThat(written()).isEqualTo(there("disk-0.1.qcow2"));
    assertOneFile(there("disk-0.1.qcow2"));
    assertRunning();
    guestWrites(70_000, "after");
    restart();
    assertThat(readVm()).isEqualTo(content);
    assertThat(move(Optional.of(fast)).problem()).as("it is there already").isEmpty();
    assertThat(move(HOME).problem()).isEmpty();
    assertOneFile(home("disk-0.2.qcow2"));
    assertThat(fast).isDirectoryNotContaining("glob:**" + vm);
    restart();
    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void theFileOfAStoppedVmIsCopiedWholeAndRemoved() {
    stop();

    assertThat(move(Optional.of(fast)).problem()).isEmpty();

    assertOneFile(there("disk-0.1.qcow2"));
    start();
    assertThat(readVm()).isEqualTo(content);
    guestWrites(9_000, "there");
    stop();
    assertThat(move(HOME).problem()).isEmpty();
    assertOneFile(home("disk-0.2.qcow2"));
    start();
    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void clonesSnapshotsAndAllElseFindItThere() {
    assertThat(move(Optional.of(fast)).problem()).isEmpty();
    guestWrites(5_000, "frozen");
    host.layer(vm, LayerTask.FREEZE);
    LayeringReport frozen = host.awaitLayering(vm);
    assertThat(frozen.problem()).isEmpty();
    assertThat(frozen.disks().getFirst().folder()).contains(fast.toString());
    guestWrites(6_000, "on top");
    assertThat(written()).isEqualTo(there("disk-0.2.qcow2"));

    restart();
    assertOneFile(there("disk-0.2.qcow2"));
    assertThat(readVm()).isEqualTo(content);
    host.layer(vm, LayerTask.FLATTEN);
    host.kill();
    host.boot();
    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    restart();
    assertThat(readVm()).isEqualTo(content);
    stop();
    host.layer(vm, LayerTask.RENEW, disk());
    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    assertThat(files(fast.resolve(vm.toString()))).hasSize(1);
    assertThat(files(host.folders().vm(vm))).isEmpty();
    start();
    content = Arrays.copyOf(host.content(), Host.DISK_BYTES);
    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void whatWasFrozenThereIsLeftWhenTheVmComesHome() {
    assertThat(move(Optional.of(fast)).problem()).isEmpty();
    host.layer(vm, LayerTask.FREEZE);
    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    guestWrites(6_000, "on top");

    assertThat(move(HOME).problem()).isEmpty();

    assertThat(written()).isEqualTo(home("disk-0.3.qcow2"));
    assertThat(readVm()).isEqualTo(content);
    restart();
    assertOneFile(home("disk-0.3.qcow2"));
    assertThat(fast).isDirectoryNotContaining("glob:**" + vm);
    assertThat(readVm()).isEqualTo(content);
  }

  /** Where no second name can be given to a file, its content is copied. */
  @Test
  void anotherFileSystemWillDo() throws IOException {
    Path memory = Path.of("/dev/shm");
    assumeThat(Files.isWritable(memory)).isTrue();
    fast = Files.createTempDirectory(memory, "ratoon");
    try {
      host.folders().elsewhere().add(fast);
      assertThat(move(Optional.of(fast)).problem()).isEmpty();
      host.layer(vm, LayerTask.FREEZE);
      assertThat(host.awaitLayering(vm).problem()).isEmpty();
      guestWrites(6_000, "on top");
      assertThat(readVm()).isEqualTo(content);
      restart();
      assertOneFile(there("disk-0.2.qcow2"));
      assertThat(readVm()).isEqualTo(content);
      stop();
      assertThat(move(HOME).problem()).isEmpty();
      assertOneFile(home("disk-0.3.qcow2"));
      start();
      assertThat(readVm()).isEqualTo(content);
    } finally {
      host.folders().elsewhere().remove(fast);
      Files.delete(fast);
    }
  }

  @Test
  void itGoesWithTheVmThroughTheTrashAndIsRemovedWithIt() {
    assertThat(move(Optional.of(fast)).problem()).isEmpty();
    Path base = host.base().path();
    host.power(vm, DesiredPower.TRASHED);
    host.await(vm, VmState.TRASHED);
    assertOneFile(there("disk-0.1.qcow2"));
    assertThat(host.agent()).isNotNull();
    start();
    assertThat(readVm()).isEqualTo(content);

    host.power(vm, DesiredPower.TRASHED);
    host.await(vm, VmState.TRASHED);
    host.power(vm, DesiredPower.PURGED);
    host.awaitHost(h -> !Files.exists(host.folders().trashed(vm)));

    assertThat(fast.resolve(vm.toString())).doesNotExist();
    assertThat(base).exists();
  }

  @Test
  void otherFoldersAreRefused() throws IOException {
    Path other = Files.createDirectory(outside.toRealPath().resolve("other"));
    for (Path folder : List.of(other, Path.of("/etc"), work)) {
      assertThat(move(Optional.of(folder)).problem().orElseThrow().code())
          .isEqualTo(ErrorCode.WRONG_STATE);
    }
    Files.delete(fast.resolve(".ratoon-disks"));
    assertThat(move(Optional.of(fast)).problem().orElseThrow().detail()).contains("not mounted");
    assertThat(host.folders().elsewhere().usable()).isEmpty();

    assertOneFile(home("disk-0.qcow2"));
    assertRunning();
    assertThat(other).isEmptyDirectory();
  }

  @Test
  void aRefusedCopyLeavesTheVmAsItWas() {
    host.hypervisor().refuseStarts(Problem.of(ErrorCode.HYPERVISOR_REFUSED, "copying"));

    assertThat(move(Optional.of(fast)).problem().orElseThrow().code())
        .isEqualTo(ErrorCode.HYPERVISOR_REFUSED);

    assertOneFile(home("disk-0.qcow2"));
    assertThat(fast).isDirectoryNotContaining("glob:**" + vm);
    host.hypervisor().acceptStarts();
    restart();
    assertThat(readVm()).isEqualTo(content);
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
    assertOneFile(written());
    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void aPowerLossWhileItIsCopiedLeavesTheDiskThatItWas() {
    copying();
    guestWrites(4_000, "both");
    host.losePower();
    assertThat(home("disk-0.qcow2")).exists();
    assertThat(there("disk-0.1.qcow2")).exists();
    host.hypervisor().copiesGoOn(false);
    host.boot();

    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    host.awaitDomains(vm);
    assertOneFile(there("disk-0.1.qcow2"));
    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void aPowerLossBeforeItIsNotedThatTheGuestWentOverLosesNothing() {
    host.hypervisor().loseAnswers(true);
    ask(Optional.of(fast));
    host.awaitReport(vm, r -> written().endsWith("disk-0.1.qcow2"));
    host.losePower();
    host.hypervisor().loseAnswers(false);
    host.boot();

    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    host.awaitDomains(vm);
    assertOneFile(written());
    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void whereTheFolderDoesNotComeBackTheVmGoesOnInTheFileBefore() throws IOException {
    copying();
    host.losePower();
    Files.move(fast, outside.resolve("unplugged"));
    host.hypervisor().copiesGoOn(false);
    host.boot();

    assertThat(host.awaitLayering(vm).problem().orElseThrow().code())
        .isEqualTo(ErrorCode.WRONG_STATE);
    host.awaitDomains(vm);
    assertThat(written()).isEqualTo(home("disk-0.qcow2"));
    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void aVmWhoseDiskIsNotMountedIsNotMadeAnewAndItsBaseStays() throws IOException {
    assertThat(move(Optional.of(fast)).problem()).isEmpty();
    stop();
    Path unplugged = Files.move(fast, outside.resolve("unplugged"));
    host.power(vm, DesiredPower.RUNNING);
    host.await(vm, VmState.FAILED);
    assertThat(host.awaitReport(vm, r -> r.problem().isPresent()).problem().orElseThrow().next())
        .contains("Look whether the file system of " + fast + " is mounted.");
    assertThat(host.awaitReport(vm, r -> true).disk(0).orElseThrow().missing())
        .contains("its file is not there; is the file system of " + fast + " mounted?");
    host.power(vm, DesiredPower.PURGED);
    host.awaitReport(vm, r -> r.problem().isPresent());
    assertThat(host.folders().vm(vm)).as("its disk may be needed yet").exists();

    Files.move(unplugged, fast);
    host.awaitHost(h -> !Files.exists(host.folders().vm(vm)));
    assertThat(fast.resolve(vm.toString())).doesNotExist();
  }

  @Test
  void aStoppedVmsCopyThatWasCutShortIsMadeAnew() throws IOException {
    stop();
    host.kill();
    // As a process leaves it that was killed in the middle.
    Path half = there("disk-0.1.qcow2");
    Files.createDirectories(Objects.requireNonNull(half.getParent()));
    Files.writeString(half, "half");
    host.boot();

    assertThat(move(Optional.of(fast)).problem()).isEmpty();

    assertOneFile(half);
    start();
    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void twoAreNotCopiedToOneFileSystemAtOnce() {
    VmId first = vm;
    copying();
    VmId second = host.deploy("second");
    host.await(second, VmState.RUNNING);
    vm = second;
    ask(Optional.of(fast));
    host.awaitReport(second, r -> r.layering().isPresent());
    stop();
    assertThat(fast.resolve(second.toString())).doesNotExist();

    host.hypervisor().copiesGoOn(false);

    assertThat(host.awaitLayering(first).problem()).isEmpty();
    assertThat(host.awaitLayering(second).problem()).isEmpty();
    assertOneFile(there("disk-0.1.qcow2"));
  }

  @Test
  void aFolderWithoutRoomIsLeftEmpty() throws Exception {
    Path small = Files.createDirectory(outside.toRealPath().resolve("small"));
    Host.run("mount", "-t", "tmpfs", "-o", "size=60m,mode=0755", "tmpfs", small.toString());
    try {
      host.folders().elsewhere().add(small);

      assertThat(move(Optional.of(small)).problem().orElseThrow().code())
          .isEqualTo(ErrorCode.DISK_FULL);

      host.folders().elsewhere().remove(small);
      assertThat(small).isEmptyDirectory();
      assertOneFile(home("disk-0.qcow2"));
    } finally {
      Host.run("umount", "-l", small.toString());
    }
  }

  @Test
  void whatWasFlattenedStartsOnceItsFolderIsMountedAgain() throws IOException {
    assertThat(move(Optional.of(fast)).problem()).isEmpty();
    host.hypervisor().pullsGoOn(true);
    host.layer(vm, LayerTask.FLATTEN);
    host.awaitReport(vm, r -> !host.hypervisor().blockJobs().isEmpty());
    host.kill();
    host.hypervisor().pullsGoOn(false);
    host.hypervisor().pull(vm, written());
    host.losePower();
    Path unplugged = Files.move(fast, outside.resolve("unplugged"));
    host.boot();
    host.awaitReport(vm, r -> r.problem().isPresent());

    Files.move(unplugged, fast);

    host.power(vm, DesiredPower.RUNNING);
    host.await(vm, VmState.RUNNING);
    assertThat(readVm()).isEqualTo(content);
  }

  @Test
  void theFileBeforeIsKeptUntilItsCopyIsSeen() throws IOException {
    assertThat(move(Optional.of(fast)).problem()).isEmpty();
    stop();
    host.kill();
    Path before = Files.copy(there("disk-0.1.qcow2"), home("disk-0.qcow2"));
    noteThatItIsToBeRemoved("disk-0.qcow2");
    Path unplugged = Files.move(fast, outside.resolve("unplugged"));
    host.boot();
    assertThat(move(HOME).problem().orElseThrow().code()).isEqualTo(ErrorCode.FILE_UNREADABLE);
    assertThat(before).exists();

    Files.move(unplugged, fast);

    assertThat(move(HOME).problem()).isEmpty();
    assertOneFile(home("disk-0.2.qcow2"));
    start();
    assertThat(readVm()).isEqualTo(content);
  }

  /** As an agent leaves the record that is killed before it removes that file. */
  private void noteThatItIsToBeRemoved(String file) throws IOException {
    Path record = host.folders().vm(vm).resolve("vm.json");
    JsonMapper json = new JsonMapper();
    ObjectNode all = (ObjectNode) json.readTree(Files.readString(record));
    ObjectNode layers = (ObjectNode) all.get("layers");
    ObjectNode copy = json.createObjectNode();
    copy.put("disk", 0);
    copy.set("next", layers.get("disks").get(0));
    copy.put("before", file);
    copy.put("held", false);
    copy.put("over", true);
    layers.set("copy", copy);
    Files.writeString(record, json.writeValueAsString(all));
  }

  @Test
  void whoIsSentElsewhereMeanwhileGoesThere() throws IOException {
    Path other = Files.createDirectory(outside.toRealPath().resolve("other"));
    host.folders().elsewhere().add(other);
    copying();
    ask(Optional.of(other));
    host.awaitReport(vm, r -> r.layering().filter(l -> l.revision() == 2).isPresent());
    host.hypervisor().copiesGoOn(false);

    assertThat(host.awaitLayering(vm).problem()).isEmpty();

    assertThat(written()).startsWith(other);
    assertThat(readVm()).isEqualTo(content);
    assertThat(move(HOME).problem()).isEmpty();
  }

  @Test
  void foldersAreNamedByWhoHasTheHost() throws IOException {
    DiskFolders folders = host.folders().elsewhere();
    assertThatThrownBy(() -> folders.add(work.toRealPath().resolve("home/vms")))
        .hasMessageContaining("invalid-value");
    assertThatThrownBy(() -> folders.add(Path.of("/"))).hasMessageContaining("invalid-value");
    Path foreign = Files.createDirectory(outside.toRealPath().resolve("foreign"));
    Files.writeString(foreign.resolve(".ratoon-disks"), "another host's");
    assertThatThrownBy(() -> folders.add(foreign)).hasMessageContaining("in-use");
    folders.add(fast);
    assertThat(folders.usable()).containsExactly(fast);
    assertThat(move(Optional.of(fast)).problem()).isEmpty();
    assertThatThrownBy(() -> folders.remove(fast)).hasMessageContaining("in-use");
    assertThat(move(HOME).problem()).isEmpty();
    folders.remove(fast);
    assertThat(folders.named()).isEmpty();
    assertThat(fast).isEmptyDirectory();
  }

  private void copying() {
    host.hypervisor().copiesGoOn(true);
    ask(Optional.of(fast));
    host.awaitReport(vm, r -> !host.hypervisor().blockJobs().isEmpty());
  }

  private LayeringReport move(Optional<Path> folder) {
    ask(folder);
    return host.awaitLayering(vm);
  }

  private DesiredDisk disk() {
    return new DesiredDisk(Optional.of(host.image()), Host.DISK_BYTES, true);
  }

  private void ask(Optional<Path> folder) {
    host.layer(vm, LayerTask.MOVE_FILE, disk().lying(folder.map(Path::toString)));
  }

  private Path there(String name) {
    return fast.resolve(vm.toString()).resolve(name);
  }

  private Path home(String name) {
    return host.folders().vm(vm).resolve(name);
  }

  private void assertOneFile(Path file) {
    assertThat(
            Stream.of(
                    host.folders().vm(vm), host.folders().trashed(vm), fast.resolve(vm.toString()))
                .flatMap(folder -> files(folder).stream()))
        .containsExactly(file);
  }

  private static Set<Path> files(Path folder) {
    if (!Files.exists(folder)) {
      return Set.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return Set.copyOf(
          files.filter(file -> String.valueOf(file.getFileName()).startsWith("disk-")).toList());
    } catch (IOException gone) {
      throw new UncheckedIOException(gone);
    }
  }

  private void assertRunning() {
    assertThat(host.hypervisor().domain(vm).orElseThrow().state()).isEqualTo(DomainState.RUNNING);
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
