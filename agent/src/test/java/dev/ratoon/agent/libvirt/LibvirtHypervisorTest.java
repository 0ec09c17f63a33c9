package dev.ratoon.agent.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.agent.hypervisor.Accelerator;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.hypervisor.HypervisorContract;
import dev.ratoon.model.VmId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.condition.EnabledIf;

/** The contract, kept by a real libvirt with the distribution's own configuration. */
@EnabledIf("dev.ratoon.agent.libvirt.PrivateLibvirtd#possible")
final class LibvirtHypervisorTest extends HypervisorContract {
  private static Path folder;
  private static PrivateLibvirtd libvirtd;
  private static Hypervisor hypervisor;

  @BeforeAll
  static void begin() throws IOException {
    folder = Files.createTempDirectory("rt");
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    libvirtd = new PrivateLibvirtd(folder);
    hypervisor = LibvirtHypervisor.open(libvirtd.uri(), Accelerator.TCG);
  }

  @AfterAll
  static void end() throws IOException {
    hypervisor.close();
    libvirtd.close();
    try (var files = Files.walk(folder)) {
      files.sorted((a, b) -> b.compareTo(a)).forEach(path -> path.toFile().delete());
    }
  }

  @Override
  protected Hypervisor hypervisor() {
    return hypervisor;
  }

  @Override
  protected Path newDisk(VmId id) {
    Path disk = folder.resolve(id + ".qcow2");
    Files.exists(disk);
    try {
      if (!Files.exists(disk)) {
        run("qemu-img", "create", "-q", "-f", "qcow2", disk.toString(), "64M");
        hypervisor.facts().owner().own(disk);
      }
      return disk;
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  @Override
  protected Path logs() {
    return folder;
  }

  @Override
  protected void killProcess(VmId id) {
    libvirtd.child(id.toString()).orElseThrow().destroyForcibly();
  }

  @Override
  protected void disconnect() {
    libvirtd.kill();
  }

  @Override
  protected void reconnect() {
    libvirtd.bringBack();
  }

  static void run(String... command) throws IOException {
    Process process = new ProcessBuilder(command).inheritIO().start();
    try {
      assertThat(process.waitFor()).as(String.join(" ", command)).isZero();
    } catch (InterruptedException stop) {
      throw new AssertionError(stop);
    }
  }
}
