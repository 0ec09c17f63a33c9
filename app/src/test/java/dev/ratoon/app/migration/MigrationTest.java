package dev.ratoon.app.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.agent.host.DiskFolders;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.LayerEndpoints;
import dev.ratoon.protocol.VmEndpoints;
import dev.ratoon.protocol.api.MigrateRequest;
import dev.ratoon.protocol.api.MigrationMode;
import dev.ratoon.protocol.api.MigrationView;
import dev.ratoon.protocol.api.MoveFileRequest;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.StopRequest;
import dev.ratoon.protocol.api.VmView;
import dev.ratoon.protocol.client.Params;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Migrations from end to end: a real server, real agents and channels, simulated hypervisors. */
class MigrationTest {
  private static final int DISK_BYTES = 8 << 20;
  private static final int WRITTEN_BYTES = 3 << 20;
  private static final MigrateRequest ANYWHERE =
      new MigrateRequest(Optional.empty(), Optional.empty(), Optional.empty());
  private static final MigrateRequest COLD =
      new MigrateRequest(Optional.empty(), Optional.of(MigrationMode.COLD), Optional.of(1));

  @TempDir Path folder;
  private SmallFleet fleet;
  private SmallFleet.Host first;
  private SmallFleet.Host second;
  private final byte[] base = new byte[DISK_BYTES];
  private final byte[] written = new byte[WRITTEN_BYTES];

  @BeforeEach
  void start() throws IOException {
    fleet = new SmallFleet(folder, 2);
    first = fleet.host(1);
    second = fleet.host(2);
    new Random(1).nextBytes(base);
    new Random(2).nextBytes(written);
  }

  @AfterEach
  void stop() throws IOException {
    fleet.close();
  }

  private VmView stopped(String name) throws IOException {
    DiskId _ = fleet.image("base", base, first);
    VmView vm = fleet.deploy(name, Optional.of("base"), first);
    stop(name);
    write(first.folderOf(vm).resolve("disk-0.qcow2"), 1 << 20, written);
    return fleet.vm(name);
  }

  private void stop(String name) {
    OperationView stop =
        fleet.api.call(VmEndpoints.VM_STOP, Params.of("vm", name), new StopRequest(0));
    assertThat(fleet.ended(stop).problem()).isEmpty();
  }

  private OperationView migrate(String name, MigrateRequest how) {
    return fleet.api.call(VmEndpoints.VM_MIGRATE, Params.of("vm", name), how);
  }

  private static void write(Path disk, long at, byte[] bytes) {
    try (WritableDisk open =
        VirtualDisks.openWritable(disk, DiskFormat.QCOW2, OpenRules.chain(8))) {
      open.write(at, ByteBuffer.wrap(bytes));
      open.flush();
    }
  }

  private byte[] expected() {
    byte[] content = base.clone();
    System.arraycopy(written, 0, content, 1 << 20, written.length);
    return content;
  }

  private static byte[] content(Path disk) {
    try (VirtualDisk open = VirtualDisks.open(disk, DiskFormat.QCOW2, OpenRules.chain(8))) {
      ByteBuffer all = ByteBuffer.allocate((int) open.size());
      open.read(0, all);
      return all.array();
    }
  }

  private void assertItIsOn(SmallFleet.Host host, VmView vm, byte[] content) {
    assertThat(fleet.vm(vm.name().text()).host().orElseThrow().text()).isEqualTo(host.name);
    assertThat(content(host.folderOf(vm).resolve("disk-0.qcow2"))).isEqualTo(content);
  }

  private void assertNothingIsLeftOn(SmallFleet.Host host) {
    SmallFleet.await(
        "nothing to be left on " + host.name,
        () -> {
          try {
            return host.vms().isEmpty();
          } catch (IOException gone) {
            throw new AssertionError(gone);
          }
        });
  }

  @Test
  void aStoppedVmMovesWithItsContentAndOnlyThatMoves() throws IOException {
    VmView vm = stopped("web");
    DiskId _ = second.imported(base);
    SmallFleet.await("the base to be known", () -> plan("web").baseBytes() == 0);
    MigrationView plan = plan("web");
    assertThat(plan.to().text()).isEqualTo("host-2");
    assertThat(plan.disks().getFirst().parentPath()).isPresent();

    OperationView ended = fleet.ended(migrate("web", ANYWHERE));

    assertThat(ended.problem()).isEmpty();
    assertThat(ended.steps()).extracting(step -> step.name()).contains("place", "base", "disk");
    assertThat(ended.result().orElseThrow()).contains("stopped on host-2", "of disks moved");
    assertItIsOn(second, vm, expected());
    assertThat(fleet.vm("web").state()).isEqualTo(VmState.STOPPED);
    assertNothingIsLeftOn(first);
    start("web");
    assertThat(second.hypervisor.domain(vm.id())).isPresent();
    assertThat(first.hypervisor.domain(vm.id())).isEmpty();
  }

  private MigrationView plan(String name) {
    return fleet.api.call(VmEndpoints.VM_MIGRATE_PLAN, Params.of("vm", name), ANYWHERE);
  }

  private void start(String name) {
    OperationView start = fleet.api.call(VmEndpoints.VM_START, Params.of("vm", name));
    assertThat(fleet.ended(start).problem()).isEmpty();
  }

  @Test
  void aVmThatRunsIsStoppedForItAndRunsThereWithItsBaseBrought() throws IOException {
    VmView vm = stopped("web");
    start("web");

    OperationView ended = fleet.ended(migrate("web", COLD));

    assertThat(ended.problem()).isEmpty();
    assertItIsOn(second, vm, expected());
    assertThat(second.hypervisor.domain(vm.id())).isPresent();
    assertThat(first.hypervisor.domain(vm.id())).isEmpty();
    assertNothingIsLeftOn(first);
    assertThat(fleet.vm("web").state()).isEqualTo(VmState.RUNNING);
  }

  @Test
  void itMovesThereAndBackAgain() throws IOException {
    VmView vm = stopped("web");

    assertThat(fleet.ended(migrate("web", ANYWHERE)).problem()).isEmpty();
    assertNothingIsLeftOn(first);
    SmallFleet.await("the way back", () -> fleet.ended(tryMigrate("web")).problem().isEmpty());

    assertItIsOn(first, vm, expected());
    assertNothingIsLeftOn(second);
    start("web");
    assertThat(first.hypervisor.domain(vm.id())).isPresent();
  }

  /** What is left of the move before may take a moment to be gone. */
  private OperationView tryMigrate(String name) {
    long end = System.nanoTime() + 20_000_000_000L;
    while (true) {
      try {
        return migrate(name, ANYWHERE);
      } catch (dev.ratoon.model.RatoonException notYet) {
        assertThat(System.nanoTime()).as(notYet.problem().oneLine()).isLessThan(end);
        java.util.concurrent.locks.LockSupport.parkNanos(50_000_000);
      }
    }
  }

  @Test
  void aVmThatCannotStartThereIsNotLost() throws IOException {
    VmView vm = stopped("web");
    start("web");
    second.hypervisor.refuseStarts(
        dev.ratoon.model.Problem.of(ErrorCode.HYPERVISOR_REFUSED, "starting a domain"));

    OperationView ended = fleet.ended(migrate("web", COLD));

    assertThat(ended.state()).isEqualTo(OperationState.FAILED);
    assertThat(first.hypervisor.domain(vm.id())).isEmpty();
    assertThat(first.folderOf(vm)).as("kept until it runs").isDirectory();
    assertItIsOn(second, vm, expected());
    second.hypervisor.acceptStarts();
    start("web");
    assertThat(second.hypervisor.domain(vm.id())).isPresent();
    assertNothingIsLeftOn(first);
  }

  @Test
  void agentsAndServerThatEndInBetweenCostTimeOnly() throws IOException {
    VmView vm = stopped("web");
    second.end();
    OperationView begun = migrate("web", ANYWHERE);
    fleet.restartServer();
    second.boot();
    first.end();
    first.boot();
    second.end();
    fleet.restartServer();
    second.boot();

    assertThat(fleet.ended(begun).problem()).isEmpty();

    assertItIsOn(second, vm, expected());
    assertNothingIsLeftOn(first);
  }

  @Test
  void oneThatIsCancelledLeavesTheVmWhereItWas() throws IOException {
    VmView vm = stopped("web");
    start("web");
    first.hypervisor.guestsHeedShutdown(false);
    OperationView begun =
        migrate(
            "web",
            new MigrateRequest(
                Optional.empty(), Optional.of(MigrationMode.COLD), Optional.of(3600)));
    SmallFleet.await(
        "the VM to be waited for",
        () -> fleet.show(begun).steps().stream().anyMatch(step -> step.name().equals("base")));

    OperationView cancelled = fleet.api.call(VmEndpoints.VM_MIGRATE_CANCEL, Params.of("vm", "web"));

    assertThat(cancelled.state()).isEqualTo(OperationState.FAILED);
    SmallFleet.await("it to run", () -> fleet.vm("web").state() == VmState.RUNNING);
    assertItIsOn(first, vm, expected());
    assertThat(first.hypervisor.domain(vm.id())).isPresent();
    assertNothingIsLeftOn(second);
    stop("web");
    start("web");
  }

  @Test
  void oneThatIsDeletedOnItsWayIsInTheTrashWhereItWas() throws IOException {
    VmView vm = stopped("web");
    start("web");
    first.hypervisor.guestsHeedShutdown(false);
    OperationView begun =
        migrate(
            "web",
            new MigrateRequest(
                Optional.empty(), Optional.of(MigrationMode.COLD), Optional.of(3600)));

    OperationView delete = fleet.api.call(VmEndpoints.VM_DELETE, Params.of("vm", "web"));

    assertThat(fleet.ended(delete).problem()).isEmpty();
    assertThat(fleet.show(begun).state()).isEqualTo(OperationState.FAILED);
    assertThat(first.home.resolve("trash").resolve(vm.id().toString())).isDirectory();
    assertNothingIsLeftOn(second);
  }

  @Test
  void aWrongBaseThereIsNotedBeforeAnythingMoves() throws IOException {
    VmView vm = stopped("web");
    DiskId id = second.imported(base);
    SmallFleet.await("the base to be known", () -> plan("web").baseBytes() == 0);
    Path file = second.home.resolve("cache").resolve(id.hex() + ".flat.raw");
    dev.ratoon.disk.file.ImmutableFlag.clear(file);
    boolean _ = file.toFile().setWritable(true);
    byte[] other = base.clone();
    other[5 << 20] ^= 1;
    Files.write(file, other);

    OperationView ended = fleet.ended(migrate("web", ANYWHERE));

    // The bad file was mended before the VM came.
    assertThat(ended.problem()).isEmpty();
    assertItIsOn(second, vm, expected());
  }

  @Test
  void aFileWhoseDataIsElsewhereIsNotTakenFromAnotherHost() throws IOException {
    VmView vm = stopped("web");
    Path blank = first.folderOf(vm).resolve("disk-1.qcow2");
    byte[] content = Files.readAllBytes(blank);
    // An incompatible feature: the guest's data is in an external file.
    content[79] |= 4;
    Files.write(blank, content);

    OperationView ended = fleet.ended(migrate("web", ANYWHERE));

    assertThat(ended.problem().orElseThrow().code()).isEqualTo(ErrorCode.IMAGE_REFERS_OUTSIDE);
    assertItIsOn(first, vm, expected());
    assertNothingIsLeftOn(second);
  }

  @Test
  void itDoesNotComeToWhereItsFilesAreAlready() throws IOException {
    VmView vm = stopped("web");
    Path stale = Files.createDirectory(second.folderOf(vm));
    for (String file : List.of("vm.json", "disk-0.qcow2")) {
      Files.copy(first.folderOf(vm).resolve(file), stale.resolve(file));
    }

    OperationView ended = fleet.ended(migrate("web", ANYWHERE));

    assertThat(ended.problem().orElseThrow().code()).isEqualTo(ErrorCode.WRONG_STATE);
    assertThat(stale.resolve("disk-0.qcow2")).as("left as it is").exists();
    assertItIsOn(first, vm, expected());
    start("web");
  }

  @Test
  void aVmWhoseFilesLieElsewhereMovesToo() throws IOException {
    VmView vm = stopped("web");
    Path fast = Files.createDirectory(folder.toRealPath().resolve("fast"));
    new DiskFolders(first.home).add(fast);
    SmallFleet.await("the folder to be known", () -> isMovedTo(fast));
    assertThat(fast.resolve(vm.id().toString()).resolve("disk-0.1.qcow2")).exists();

    assertThat(fleet.ended(migrate("web", ANYWHERE)).problem()).isEmpty();

    assertThat(content(second.folderOf(vm).resolve("disk-0.1.qcow2"))).isEqualTo(expected());
    assertNothingIsLeftOn(first);
    SmallFleet.await(
        "nothing to be left elsewhere", () -> !Files.exists(fast.resolve(vm.id().toString())));
    start("web");
    assertThat(second.hypervisor.domain(vm.id())).isPresent();
  }

  private boolean isMovedTo(Path folder) {
    try {
      OperationView moved =
          fleet.api.call(
              LayerEndpoints.VM_MOVE_FILE,
              Params.of("vm", "web"),
              new MoveFileRequest(Optional.empty(), folder.toString()));
      assertThat(fleet.ended(moved).problem()).isEmpty();
      return true;
    } catch (RatoonException notYet) {
      assertThat(notYet.problem().code()).isEqualTo(ErrorCode.WRONG_STATE);
      return false;
    }
  }

  @Test
  void whetherTheGuestCanRunThereIsAskedBeforeAnythingComes() throws IOException {
    VmView vm = stopped("web");
    start("web");
    first.hypervisor.live(new OneMachine("pc-i440fx-8.0"));
    second.hypervisor.live(new OneMachine("pc-i440fx-7.2"));
    first.end();
    first.boot();
    second.end();
    second.boot();
    SmallFleet.await("both hosts", () -> fleet.connected() == 2);

    OperationView ended =
        fleet.ended(
            migrate(
                "web",
                new MigrateRequest(
                    Optional.empty(), Optional.of(MigrationMode.LIVE), Optional.empty())));

    assertThat(ended.problem().orElseThrow().code()).isEqualTo(ErrorCode.NO_HOST_FITS);
    assertThat(ended.problem().orElseThrow().detail())
        .isEqualTo("Its machine is a pc-i440fx-8.0, here there is pc-i440fx-7.2.");
    assertThat(second.home.resolve("cache")).isDirectoryNotContaining("glob:**.flat.raw");
    assertThat(first.hypervisor.domain(vm.id())).isPresent();
    assertNothingIsLeftOn(second);
    stop("web");
    assertItIsOn(first, vm, expected());
  }

  @Test
  void thereHasToBeAnotherHost() throws IOException {
    VmView _ = stopped("web");
    MigrateRequest toItself =
        new MigrateRequest(
            Optional.of(dev.ratoon.protocol.api.PlaceRequest.on("host-1")),
            Optional.empty(),
            Optional.empty());
    assertThatThrownBy(() -> migrate("web", toItself)).hasMessageContaining("no-host-fits");
  }
}
