package dev.ratoon.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.agent.hypervisor.Accelerator;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.libvirt.LibvirtHypervisor;
import dev.ratoon.agent.libvirt.PrivateLibvirtd;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.LayerTask;
import dev.ratoon.protocol.agent.LayeringReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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

/** Layers under a real guest that never stops to write: {@link Writer}. */
@EnabledIf("dev.ratoon.agent.libvirt.PrivateLibvirtd#possible")
class LayersOnLibvirtTest {
  private static final int FREEZES = 5;
  private static final int DEATHS = Integer.getInteger("ratoon.deaths", 4);
  private static final int LONGEST_MILLIS = 400;

  private Path folder;
  private PrivateLibvirtd libvirtd;
  private Hypervisor hypervisor;
  private Host host;
  private VmId vm;

  @BeforeEach
  void begin() throws IOException {
    libvirtd = new PrivateLibvirtd();
    folder = libvirtd.folder();
    hypervisor = LibvirtHypervisor.open(libvirtd.uri(), Accelerator.TCG);
    host = new Host(folder, hypervisor, Writer.bootSector());
    host.boot();
    vm = host.deploy("writer");
    host.await(vm, VmState.RUNNING);
    PrivateLibvirtd.await(() -> Writer.newest(disk(vm)) > 10, "the guest to write");
  }

  @AfterEach
  void end() throws IOException {
    hypervisor.domains().forEach(domain -> hypervisor.destroy(domain.id()));
    host.close();
    hypervisor.close();
    libvirtd.close();
  }

  @Test
  void everyFreezeIsAMomentOfAGuestThatWritesAllTheTime() throws Exception {
    List<DiskId> bases = new ArrayList<>();
    long before = 0;
    for (int i = 0; i < FREEZES; i++) {
      DiskId base = freeze();
      long newest = requirePrefix(base);
      assertThat(newest).isGreaterThan(before);
      before = newest;
      bases.add(base);
      long seen = newest;
      PrivateLibvirtd.await(() -> Writer.newest(disk(vm)) > seen, "the guest to go on");
    }
    // A clone of the first moment runs beside it, and changes nothing of it.
    DesiredVm clone =
        host.vm("clone", DesiredPower.RUNNING, RestartPolicy.NEVER, true)
            .withDisks(
                List.of(new DesiredDisk(Optional.of(bases.getFirst()), Host.DISK_BYTES, true)));
    host.want(clone);
    host.await(clone.id(), VmState.RUNNING);
    PrivateLibvirtd.await(() -> Writer.numberAt(disk(clone.id()), 1) == 1, "the clone to write");
    for (DiskId base : bases) {
      requirePrefix(base);
    }

    host.layer(vm, LayerTask.FLATTEN);
    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    host.power(vm, DesiredPower.STOPPED);
    host.await(vm, VmState.STOPPED);
    assertThat(Writer.requirePrefix(disk(vm))).isGreaterThanOrEqualTo(before);
    Host.run("qemu-img", "check", disk(vm).toString());
  }

  @Test
  void whoeverDiesWhileItIsFrozenNothingIsLost() throws Exception {
    Random random = new Random(Long.getLong("ratoon.seed", 5));
    for (int i = 0; i < DEATHS; i++) {
      long before = Writer.newest(disk(vm));
      host.layer(vm, LayerTask.FREEZE);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextInt(LONGEST_MILLIS)));
      if (i % 2 == 0) {
        libvirtd.kill();
        libvirtd.bringBack();
      } else {
        host.kill();
        host.boot();
      }
      LayeringReport report = host.awaitLayering(vm);
      report
          .disks()
          .getFirst()
          .base()
          .filter(_ -> report.problem().isEmpty())
          .ifPresent(base -> assertThat(requirePrefix(base)).isGreaterThanOrEqualTo(before));
      PrivateLibvirtd.await(() -> Writer.newest(disk(vm)) > before, "the guest to go on");
    }
    host.power(vm, DesiredPower.STOPPED);
    host.await(vm, VmState.STOPPED);
    // What a freeze left that was cut off is hashed first.
    PrivateLibvirtd.await(() -> diskFiles() == 1, "one file");
    Writer.requirePrefix(disk(vm));
  }

  private long diskFiles() {
    try (Stream<Path> files = Files.list(host.folders().vm(vm))) {
      return files.filter(file -> file.getFileName().toString().startsWith("disk-")).count();
    } catch (IOException gone) {
      throw new AssertionError(gone);
    }
  }

  private DiskId freeze() {
    host.layer(vm, LayerTask.FREEZE);
    LayeringReport report = host.awaitLayering(vm);
    assertThat(report.problem()).isEmpty();
    return report.disks().getFirst().base().orElseThrow();
  }

  /** The file that is the VM's disk now, as it was last reported. */
  private Path disk(VmId id) {
    try (Stream<Path> files = Files.list(host.folders().vm(id))) {
      return files
          .filter(file -> file.getFileName().toString().matches("disk-0(\\.\\d+)?\\.qcow2"))
          .max((a, b) -> generation(a) - generation(b))
          .orElseThrow();
    } catch (IOException gone) {
      throw new AssertionError(gone);
    }
  }

  private static int generation(Path file) {
    String[] parts = file.getFileName().toString().split("\\.");
    return parts.length == 3 ? Integer.parseInt(parts[1]) : 0;
  }

  private long requirePrefix(DiskId base) {
    try (VirtualDisk disk = host.cache().open(host.cache().use(base))) {
      return Writer.requirePrefix(disk);
    }
  }
}
