package dev.ratoon.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.agent.hypervisor.HypervisorEvent.PauseReason;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.BaseReport;
import dev.ratoon.protocol.agent.BaseTask;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.LayerTask;
import dev.ratoon.protocol.agent.VmReport;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a host does when its disk fills up, and to make room on it. */
class RoomTest {
  @TempDir Path work;
  private Path small;
  private Host host;

  @BeforeEach
  void up() throws Exception {
    small = Files.createDirectory(work.resolve("small"));
    Host.run("mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", small.toString());
    host = new Host(small);
    host.boot();
  }

  @AfterEach
  void down() throws Exception {
    try (Host closing = host) {
      assertThat(closing).isNotNull();
    } finally {
      Host.run("umount", "-l", small.toString());
    }
  }

  private VmId running() {
    VmId vm = host.deploy("web");
    VmReport _ = host.await(vm, VmState.RUNNING);
    return vm;
  }

  private VmReport awaitHeld(VmId vm) {
    return host.awaitReport(
        vm,
        r ->
            r.state() == VmState.PAUSED
                && r.problem().filter(p -> p.code() == ErrorCode.DISK_FULL).isPresent());
  }

  private void fill() throws Exception {
    long left = Files.getFileStore(small).getUsableSpace() - (16L << 20);
    Host.run("fallocate", "-l", String.valueOf(left), small.resolve("filler").toString());
  }

  private void makeRoom() throws Exception {
    Files.delete(small.resolve("filler"));
  }

  @Test
  void aGuestWithoutRoomIsHeldSaysWhyAndGoesOnWhenThereIsSome() throws Exception {
    VmId vm = running();
    fill();

    host.hypervisor().failDisk(vm, PauseReason.DISK_FULL);

    assertThat(awaitHeld(vm).problem().orElseThrow().detail()).contains("disk is full");
    makeRoom();
    assertThat(host.awaitReport(vm, r -> r.state() == VmState.RUNNING).problem()).isEmpty();
  }

  @Test
  void aGuestWithoutRoomMovesToWhereSomeIs() throws Exception {
    Path roomy = Files.createDirectory(work.toRealPath().resolve("roomy"));
    host.folders().prepared().elsewhere().add(roomy);
    VmId vm = running();
    fill();
    host.hypervisor().failDisk(vm, PauseReason.DISK_FULL);
    VmReport _ = awaitHeld(vm);
    DesiredDisk disk = new DesiredDisk(Optional.of(host.image()), Host.DISK_BYTES, true);

    host.layer(vm, LayerTask.MOVE_FILE, disk.lying(Optional.of(roomy.toString())));

    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    assertThat(host.awaitReport(vm, r -> r.state() == VmState.RUNNING).problem()).isEmpty();
    assertThat(host.hypervisor().spec(vm).orElseThrow().disks().getFirst().path())
        .startsWith(roomy);
  }

  @Test
  void anAgentThatWasAwayFindsAGuestWithoutRoom() throws Exception {
    VmId vm = running();
    fill();
    host.kill();
    host.hypervisor().failDisk(vm, PauseReason.DISK_FULL);
    host.boot();
    VmReport _ = awaitHeld(vm);
    host.kill();
    makeRoom();
    host.boot();

    VmReport _ = host.awaitReport(vm, r -> r.state() == VmState.RUNNING);
  }

  @Test
  void aGuestThatIsHeldForAnotherReasonIsLeftAlone() throws Exception {
    VmId vm = running();
    host.hypervisor().failDisk(vm, PauseReason.IO_ERROR);

    assertThat(host.awaitReport(vm, r -> r.state() == VmState.PAUSED).problem()).isEmpty();
  }

  /** By the overlays' own headers, whatever the server believes. */
  @Test
  void aBaseStaysForAsLongAsAnyDiskHereNamesIt() throws Exception {
    VmId vm = running();
    assertThat(evicted().problem().orElseThrow().detail()).contains("web");
    host.power(vm, DesiredPower.TRASHED);
    VmReport _ = host.await(vm, VmState.TRASHED);
    assertThat(evicted().problem().orElseThrow().detail()).contains("web");
    host.wantNothing();
    assertThat(evicted().problem().orElseThrow().detail()).contains(vm.toString());
    host.kill();
    Path odd = Files.createDirectories(host.folders().vms().resolve("kept/by-hand"));
    Path trashed = host.folders().trash().resolve(vm.toString());
    Files.move(trashed.resolve("disk-0.qcow2"), odd.resolve("disk.qcow2"));
    host.boot();
    assertThat(evicted().problem().orElseThrow().detail()).contains("by-hand");
    Files.delete(odd.resolve("disk.qcow2"));

    assertThat(evicted().result().orElseThrow()).startsWith("removed");
    assertThat(evicted().result()).contains("it was not there any more");
  }

  private BaseReport evicted() {
    return host.askedOfBase(BaseTask.EVICT);
  }
}
