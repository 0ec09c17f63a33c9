package dev.ratoon.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.agent.hypervisor.Accelerator;
import dev.ratoon.agent.hypervisor.DomainState;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.libvirt.LibvirtHypervisor;
import dev.ratoon.agent.libvirt.PrivateLibvirtd;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.LayerTask;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/** A VM's own file moves to another folder under a real guest that never stops to write. */
@EnabledIf("dev.ratoon.agent.libvirt.PrivateLibvirtd#possible")
class MoveFileOnLibvirtTest {
  private static final int DEATHS = Integer.getInteger("ratoon.deaths", 4);
  private static final int KILLS = Integer.getInteger("ratoon.kills", 4);
  private static final int HELD_MILLIS = 150;
  private static final int LONGEST_MILLIS = 1500;

  private Path folder;
  private Path fast;
  private PrivateLibvirtd libvirtd;
  private Hypervisor hypervisor;
  private Host host;
  private VmId vm;

  @BeforeEach
  void begin() throws IOException {
    libvirtd = new PrivateLibvirtd();
    folder = libvirtd.folder();
    fast = Files.createDirectory(folder.resolve("fast"));
    hypervisor = LibvirtHypervisor.open(libvirtd.uri(), Accelerator.TCG);
    host = new Host(folder, hypervisor, Writer.bootSector());
    host.folders().prepared().elsewhere().add(fast);
    host.boot();
    vm = host.deploy("writer");
    host.await(vm, VmState.RUNNING);
    PrivateLibvirtd.await(() -> Writer.newest(written()) > 10, "the guest to write");
  }

  @AfterEach
  void end() throws IOException {
    hypervisor.domains().forEach(domain -> hypervisor.destroy(domain.id()));
    host.close();
    hypervisor.close();
    libvirtd.close();
  }

  @Test
  void aGuestThatWritesAllTheTimeGoesOnInTheOtherFolderAndComesBack() throws Exception {
    for (Optional<Path> place : List.of(Optional.of(fast), Optional.<Path>empty())) {
      long before = Writer.newest(written());
      Path left = written();

      move(place);
      assertThat(host.awaitLayering(vm).problem()).isEmpty();

      assertThat(Files.exists(left)).isFalse();
      assertThat(written()).startsWith(place.orElse(host.folders().vms()));
      assertThat(openByGuest()).contains(written()).doesNotContain(left);
      goesOnFrom(before);
    }
    move(Optional.of(fast));
    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    host.layer(vm, LayerTask.FREEZE);
    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    goesOnFrom(Writer.newest(written()));
    stop();
    assertThat(diskFiles()).hasSize(1);
    Writer.requirePrefix(diskFiles().getFirst());
    Host.run("qemu-img", "check", diskFiles().getFirst().toString());
    move(Optional.empty());
    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    assertThat(diskFiles().getFirst()).hasParentRaw(host.folders().vm(vm));
    Writer.requirePrefix(diskFiles().getFirst());
  }

  @Test
  void aDiskThatWasEmptyAtFirstMovesToo() {
    DesiredVm one = host.vm("two", DesiredPower.RUNNING, RestartPolicy.NEVER, true);
    DesiredDisk first = one.disks().getFirst();
    DesiredDisk blank = new DesiredDisk(Optional.empty(), 1 << 22, true);
    DesiredVm two = one.withDisks(List.of(first, blank));
    vm = two.id();
    host.want(two);
    host.await(vm, VmState.RUNNING);
    Optional<String> there = Optional.of(fast.toString());

    host.layer(vm, LayerTask.MOVE_FILE, first.lying(there), blank.lying(there));

    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    assertThat(hypervisor.domain(vm).orElseThrow().overlays())
        .hasSize(2)
        .allMatch(file -> file.startsWith(fast));
    stop();
    assertThat(diskFiles()).hasSize(2);
    host.power(vm, DesiredPower.RUNNING);
    host.await(vm, VmState.RUNNING);
  }

  @Test
  void whoeverDiesWhileItMovesNothingIsLost() throws Exception {
    Random random = new Random(Long.getLong("ratoon.seed", 7));
    for (int i = 0; i < DEATHS; i++) {
      long before = Writer.newest(written());
      move(i % 2 == 0 ? Optional.of(fast) : Optional.empty());
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextInt(LONGEST_MILLIS)));
      if (i % 3 == 0) {
        libvirtd.restartFor(hypervisor, vm);
      } else {
        host.kill();
        host.boot();
      }
      Optional<Problem> problem = host.awaitLayering(vm).problem();
      if (problem.isPresent()) {
        // A daemon that was killed at a very bad moment.
        assertThat(problem.get().next()).contains("Stop the VM and start it");
        stop();
        PrivateLibvirtd.await(() -> diskFiles().size() == 1, "one file");
        assertThat(Writer.requirePrefix(diskFiles().getFirst())).isGreaterThanOrEqualTo(before);
        host.power(vm, DesiredPower.RUNNING);
        host.await(vm, VmState.RUNNING);
        return;
      }
      goesOnFrom(before);
      assertThat(diskFiles()).containsExactly(written());
    }
    stop();
    assertThat(diskFiles()).hasSize(1);
    Writer.requirePrefix(diskFiles().getFirst());
    Host.run("qemu-img", "check", diskFiles().getFirst().toString());
  }

  /** Whichever of its two files the record names has all that the guest wrote. */
  @Test
  void aGuestThatIsKilledWhileItMovesHasAllThatItWrote() throws Exception {
    Random random = new Random(11);
    for (int i = 0; i < KILLS; i++) {
      DesiredVm fresh = host.vm("killed-" + i, DesiredPower.RUNNING, RestartPolicy.NEVER, true);
      vm = fresh.id();
      host.want(fresh);
      host.await(vm, VmState.RUNNING);
      stop();
      Writer.allocate(diskFiles().getFirst());
      host.power(vm, DesiredPower.RUNNING);
      host.await(vm, VmState.RUNNING);
      PrivateLibvirtd.await(() -> Writer.newest(written()) > 10, "the guest to write");
      long process = processOfGuest();
      long before = Writer.newest(written());
      boolean late = i % 4 >= 2;
      Path from = written();
      move(Optional.of(fast));
      if (late) {
        PrivateLibvirtd.await(() -> isGoingOver(from), "the guest to be held");
      }
      int after = random.nextInt(late ? HELD_MILLIS : LONGEST_MILLIS);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(after));
      if (i % 2 == 0) {
        host.kill();
      }
      ProcessHandle.of(process).orElseThrow().destroyForcibly();
      PrivateLibvirtd.await(() -> hypervisor.domain(vm).isEmpty(), "the domain to be gone");
      if (i % 2 == 0) {
        host.boot();
      }
      assertThat(host.awaitLayering(vm).problem()).isEmpty();
      assertThat(diskFiles()).hasSize(1);
      assertThat(diskFiles().getFirst()).startsWith(fast);
      assertThat(Writer.requirePrefix(diskFiles().getFirst())).isGreaterThanOrEqualTo(before);
    }
  }

  /** Whether it is held, or has gone over already. */
  private boolean isGoingOver(Path from) {
    return hypervisor
        .domain(vm)
        .filter(domain -> domain.state() == DomainState.RUNNING && domain.overlays().contains(from))
        .isEmpty();
  }

  private void move(Optional<Path> place) {
    DesiredDisk disk = new DesiredDisk(Optional.of(host.image()), Host.DISK_BYTES, true);
    host.layer(vm, LayerTask.MOVE_FILE, disk.lying(place.map(Path::toString)));
  }

  private void goesOnFrom(long before) {
    assertThat(hypervisor.domain(vm).orElseThrow().state()).isEqualTo(DomainState.RUNNING);
    // Just while it is written it may not be readable.
    PrivateLibvirtd.await(() -> Writer.newest(written()) >= before, "what was written before");
    long now = Math.max(before, Writer.newest(written()));
    PrivateLibvirtd.await(() -> Writer.newest(written()) > now, "the guest to go on");
  }

  private void stop() {
    host.power(vm, DesiredPower.STOPPED);
    host.await(vm, VmState.STOPPED);
  }

  /** The file that the domain writes. */
  private Path written() {
    return hypervisor.domain(vm).orElseThrow().overlays().getFirst();
  }

  /** Wherever they lie. */
  private List<Path> diskFiles() {
    return Stream.of(host.folders().vm(vm), fast.resolve(vm.toString()))
        .filter(Files::exists)
        .flatMap(place -> diskFiles(place).stream())
        .toList();
  }

  private static List<Path> diskFiles(Path place) {
    try (Stream<Path> files = Files.list(place)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith("disk-"))
          .sorted()
          .toList();
    } catch (IOException gone) {
      throw new AssertionError(gone);
    }
  }

  private List<Path> openByGuest() throws IOException {
    return open(Path.of("/proc", String.valueOf(processOfGuest()), "fd"));
  }

  /** The process that has the VM's disk open. */
  private long processOfGuest() throws IOException {
    Path disk = written();
    try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
      return processes
          .filter(process -> process.getFileName().toString().matches("\\d+"))
          .filter(process -> open(process.resolve("fd")).contains(disk))
          .map(process -> Long.parseLong(process.getFileName().toString()))
          .findFirst()
          .orElseThrow();
    }
  }

  private static List<Path> open(Path descriptors) {
    try (Stream<Path> all = Files.list(descriptors)) {
      return all.flatMap(each -> target(each).stream()).toList();
    } catch (IOException | java.io.UncheckedIOException gone) {
      return List.of();
    }
  }

  private static Optional<Path> target(Path descriptor) {
    try {
      return Optional.of(Files.readSymbolicLink(descriptor));
    } catch (IOException closed) {
      return Optional.empty();
    }
  }
}
