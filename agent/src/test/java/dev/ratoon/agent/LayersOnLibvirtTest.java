package dev.ratoon.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.agent.hypervisor.Accelerator;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.libvirt.LibvirtHypervisor;
import dev.ratoon.agent.libvirt.PrivateLibvirtd;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.ParentWitness;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.ImmutableFlag;
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
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HexFormat;
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

/**
 * Layers under a real guest that never stops to write. It is one boot sector: it writes the numbers
 * from 1 on, each into a sector of its own with its complement beside it, one after the other,
 * round and round. So what a disk held at any moment is known from the greatest number in it: no
 * smaller one is missing.
 */
@EnabledIf("dev.ratoon.agent.libvirt.PrivateLibvirtd#possible")
class LayersOnLibvirtTest {
  private static final String WRITER =
      "fa31c08ed88ec08ed0bc007cfb8816f07d66ff06008066a100806625ff0f00006683c04066a34c7c66a1008066f7"
          + "d066a30480b800438a16f07dbe447ccd13ebd08d740010000100008000000000000000000000";
  private static final int SECTOR = 512;
  private static final int FIRST = 64;
  private static final int SECTORS = 4096;
  private static final int FREEZES = 5;
  private static final int DEATHS = 4;
  private static final int LONGEST_MILLIS = 400;

  private Path folder;
  private PrivateLibvirtd libvirtd;
  private Hypervisor hypervisor;
  private Host host;
  private VmId vm;

  @BeforeEach
  void begin() throws IOException {
    folder = Files.createTempDirectory("rt");
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    libvirtd = new PrivateLibvirtd(folder);
    hypervisor = LibvirtHypervisor.open(libvirtd.uri(), Accelerator.TCG);
    byte[] boot = new byte[SECTOR];
    byte[] code = HexFormat.of().parseHex(WRITER);
    System.arraycopy(code, 0, boot, 0, code.length);
    boot[510] = 0x55;
    boot[511] = (byte) 0xaa;
    host = new Host(folder, hypervisor, boot);
    host.boot();
    vm = host.deploy("writer");
    host.await(vm, VmState.RUNNING);
    PrivateLibvirtd.await(() -> newest(disk(vm)) > 10, "the guest to write");
  }

  @AfterEach
  void end() throws IOException {
    hypervisor.domains().forEach(domain -> hypervisor.destroy(domain.id()));
    host.close();
    hypervisor.close();
    libvirtd.close();
    try (Stream<Path> files = Files.walk(folder)) {
      files
          .sorted((a, b) -> b.compareTo(a))
          .forEach(file -> {
            ImmutableFlag.clear(file);
            boolean _ = file.toFile().delete();
          });
    }
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
      PrivateLibvirtd.await(() -> newest(disk(vm)) > seen, "the guest to go on");
    }
    // A clone of the first moment runs beside it, and changes nothing of it.
    DesiredVm clone =
        host.vm("clone", DesiredPower.RUNNING, RestartPolicy.NEVER, true)
            .withDisks(
                List.of(new DesiredDisk(Optional.of(bases.getFirst()), Host.DISK_BYTES, true)));
    host.want(clone);
    host.await(clone.id(), VmState.RUNNING);
    PrivateLibvirtd.await(() -> numberAt(disk(clone.id()), 1) == 1, "the clone to write");
    for (DiskId base : bases) {
      requirePrefix(base);
    }

    host.layer(vm, LayerTask.FLATTEN);
    assertThat(host.awaitLayering(vm).problem()).isEmpty();
    host.power(vm, DesiredPower.STOPPED);
    host.await(vm, VmState.STOPPED);
    assertThat(requirePrefix(disk(vm))).isGreaterThanOrEqualTo(before);
    Host.run("qemu-img", "check", disk(vm).toString());
  }

  @Test
  void whoeverDiesWhileItIsFrozenNothingIsLost() throws Exception {
    Random random = new Random(5);
    for (int i = 0; i < DEATHS; i++) {
      long before = newest(disk(vm));
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
      PrivateLibvirtd.await(() -> newest(disk(vm)) > before, "the guest to go on");
    }
    host.power(vm, DesiredPower.STOPPED);
    host.await(vm, VmState.STOPPED);
    // What a freeze left that was cut off is hashed first.
    PrivateLibvirtd.await(() -> diskFiles() == 1, "one file");
    requirePrefix(disk(vm));
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

  private static long newest(Path disk) {
    try (VirtualDisk open = open(disk)) {
      return newest(sectors(open));
    } catch (RuntimeException writtenJustNow) {
      return 0;
    }
  }

  private static long newest(ByteBuffer sectors) {
    long newest = 0;
    for (int i = 0; i < SECTORS; i++) {
      newest = Math.max(newest, Integer.toUnsignedLong(sectors.getInt(i * SECTOR)));
    }
    return newest;
  }

  private static long numberAt(Path disk, int sector) {
    try (VirtualDisk open = open(disk)) {
      return Integer.toUnsignedLong(sectors(open).getInt(sector * SECTOR));
    } catch (RuntimeException writtenJustNow) {
      return 0;
    }
  }

  private long requirePrefix(DiskId base) {
    try (VirtualDisk disk = host.cache().open(host.cache().use(base))) {
      return requirePrefix(sectors(disk));
    }
  }

  private static long requirePrefix(Path file) {
    try (VirtualDisk disk = open(file)) {
      return requirePrefix(sectors(disk));
    }
  }

  /** All numbers up to the newest are there, but for those that later ones took the place of. */
  private static long requirePrefix(ByteBuffer sectors) {
    long newest = newest(sectors);
    for (int i = 0; i < SECTORS; i++) {
      long number = Integer.toUnsignedLong(sectors.getInt(i * SECTOR));
      long expected = newest < i ? 0 : newest - Math.floorMod(newest - i, (long) SECTORS);
      assertThat(number).as("sector %d of those up to %d", i, newest).isEqualTo(expected);
      if (number != 0) {
        assertThat(sectors.getInt(i * SECTOR + Integer.BYTES)).isEqualTo(~(int) number);
      }
    }
    return newest;
  }

  private static ByteBuffer sectors(VirtualDisk disk) {
    ByteBuffer bytes = ByteBuffer.allocate(SECTORS * SECTOR).order(ByteOrder.LITTLE_ENDIAN);
    disk.read((long) FIRST * SECTOR, bytes);
    return bytes;
  }

  private static VirtualDisk open(Path file) {
    return VirtualDisks.open(
        file, DiskFormat.QCOW2, OpenRules.chain(64, List.of(), ParentWitness.TRUSTING));
  }
}
