package dev.ratoon.agent.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.agent.hypervisor.Accelerator;
import dev.ratoon.agent.hypervisor.DomainState;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.hypervisor.OtherDomain;
import dev.ratoon.disk.file.ImmutableFlag;
import dev.ratoon.model.VmId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.libvirt.Connect;
import org.libvirt.Domain;

/** Domains that somebody has defined in a real libvirt, before Ratoon came. */
@EnabledIf("dev.ratoon.agent.libvirt.PrivateLibvirtd#possible")
final class TakeOverOfDomainsTest {
  private final VmId id = new VmId(UUID.randomUUID());
  private Path folder;
  private Path base;
  private Path overlay;
  private PrivateLibvirtd libvirtd;
  private Hypervisor hypervisor;
  private Connect somebody;

  @BeforeEach
  void begin() throws Exception {
    folder = Files.createTempDirectory("rt");
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    libvirtd = new PrivateLibvirtd(folder);
    hypervisor = LibvirtHypervisor.open(libvirtd.uri(), Accelerator.TCG);
    somebody = new Connect(libvirtd.uri());
    base = Files.write(folder.resolve("base.raw"), new byte[1 << 20]);
    Files.setPosixFilePermissions(base, PosixFilePermissions.fromString("r--r--r--"));
    ImmutableFlag.set(base);
    overlay = folder.resolve("web.qcow2");
    run(
        "qemu-img",
        "create",
        "-q",
        "-f",
        "qcow2",
        "-b",
        base.toString(),
        "-F",
        "raw",
        overlay.toString());
  }

  @AfterEach
  void end() throws Exception {
    somebody.close();
    hypervisor.close();
    libvirtd.close();
    ImmutableFlag.clear(base);
    try (var files = Files.walk(folder)) {
      files.sorted((a, b) -> b.compareTo(a)).forEach(path -> path.toFile().delete());
    }
  }

  @Test
  void aRunningOneRunsOnUnderRatoonsMarkAndNobodyElseCanStartItAgain() throws Exception {
    Domain domain = somebody.domainDefineXML(description(""));
    domain.create();
    long qemu = qemu();

    OtherDomain listed = hypervisor.others().getFirst();
    assertThat(listed.id()).isEqualTo(id);
    assertThat(listed.running()).isTrue();
    assertThat(listed.obstacles()).isEmpty();
    assertThat(listed.losses()).contains("graphics", "video", "input");
    assertThat(listed.memoryBytes()).isEqualTo(64L << 20);
    assertThat(listed.disks().getFirst().path()).isEqualTo(overlay);
    assertThat(listed.disks().getFirst().format()).isEqualTo("qcow2");
    assertThat(listed.nics().getFirst().mac()).isEqualTo("52:54:00:00:00:07");
    assertThat(hypervisor.domain(id)).isEmpty();

    List<String> kept = new ArrayList<>();
    hypervisor.takeOver(id, 3, "tenant", kept::add);
    hypervisor.takeOver(id, 3, "tenant", kept::add);

    assertThat(kept).hasSize(1);
    assertThat(kept.getFirst()).contains("<graphics", overlay.toString());
    assertThat(hypervisor.others()).isEmpty();
    assertThat(hypervisor.domain(id).orElseThrow().state()).isEqualTo(DomainState.RUNNING);
    assertThat(hypervisor.domain(id).orElseThrow().epoch()).isEqualTo(3);
    assertThat(hypervisor.domain(id).orElseThrow().tenant()).isEqualTo("tenant");
    assertThat(domain.isPersistent()).isZero();
    assertThat(qemu()).isEqualTo(qemu);

    libvirtd.kill();
    libvirtd.bringBack();
    PrivateLibvirtd.await(() -> isOurs(), "the mark to be there after libvirtd's restart");
    assertThat(qemu()).isEqualTo(qemu);

    hypervisor.destroy(id);
    assertThat(hypervisor.domain(id)).isEmpty();
    assertThat(hypervisor.others()).isEmpty();
    assertThat(Files.getAttribute(base, "unix:uid")).isEqualTo(0);
  }

  @Test
  void oneThatIsShutOffIsGoneFromLibvirtAndOnlyItsDefinitionIsKept() throws Exception {
    somebody.domainDefineXML(description("")).free();
    assertThat(hypervisor.others().getFirst().running()).isFalse();

    List<String> kept = new ArrayList<>();
    hypervisor.takeOver(id, 1, "t", kept::add);
    hypervisor.takeOver(id, 1, "t", kept::add);

    assertThat(kept).hasSize(1);
    assertThat(hypervisor.others()).isEmpty();
    assertThat(somebody.listAllDomains(0)).isEmpty();
  }

  @Test
  void whatCouldNotBeKeptIsSaid() throws Exception {
    somebody
        .domainDefineXML(
            description(
                "<filesystem type='mount'><source dir='/srv'/><target dir='x'/></filesystem><disk"
                    + " type='file' device='disk'><source file='/x.raw'/><target dev='sda'"
                    + " bus='sata'/></disk><interface type='user'><model"
                    + " type='e1000'/></interface>"))
        .free();

    assertThat(hypervisor.others().getFirst().obstacles())
        .anyMatch(why -> why.contains("<filesystem>"))
        .anyMatch(why -> why.contains("'sata'"))
        .anyMatch(why -> why.contains("'e1000'"));
  }

  private boolean isOurs() {
    try {
      return hypervisor.domain(id).isPresent();
    } catch (RuntimeException notYet) {
      return false;
    }
  }

  private long qemu() {
    return libvirtd.child("guest=web").orElseThrow().pid();
  }

  private String description(String devices) {
    return """
    <domain type='qemu'>
      <name>web</name><uuid>%s</uuid><memory unit='MiB'>64</memory><vcpu>1</vcpu>
      <os><type arch='x86_64' machine='pc'>hvm</type></os>
      <devices>
        <disk type='file' device='disk'>
          <driver name='qemu' type='qcow2'/><source file='%s'/>
          <target dev='vda' bus='virtio'/>
        </disk>
        <interface type='user'>
          <mac address='52:54:00:00:00:07'/><model type='virtio'/>
        </interface>
        <graphics type='vnc' autoport='yes' listen='127.0.0.1'/>
        <video><model type='vga'/></video>
        %s
      </devices>
    </domain>
    """
        .formatted(id, overlay, devices);
  }

  private static void run(String... command) throws IOException, InterruptedException {
    assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).isZero();
  }
}
