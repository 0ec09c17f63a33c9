package dev.ratoon.agent.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ratoon.agent.hypervisor.Accelerator;
import dev.ratoon.agent.hypervisor.DiskFormat;
import dev.ratoon.agent.hypervisor.DomainSpec;
import dev.ratoon.agent.hypervisor.DomainSpec.ChainElement;
import dev.ratoon.agent.hypervisor.DomainSpec.DomainDisk;
import dev.ratoon.agent.hypervisor.DomainSpec.KeptDefinition;
import dev.ratoon.agent.hypervisor.DomainState;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.hypervisor.OtherDomain;
import dev.ratoon.agent.hypervisor.OtherDomain.OtherDisk;
import dev.ratoon.disk.file.ImmutableFlag;
import dev.ratoon.model.VmId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.libvirt.Connect;
import org.libvirt.Domain;

/** Domains that somebody has defined in a real libvirt, before Ratoon came. */
@EnabledIf("dev.ratoon.agent.libvirt.PrivateLibvirtd#possible")
final class TakeOverOfDomainsTest {
  private static final Path CODE = Path.of("/usr/share/OVMF/OVMF_CODE_4M.fd");
  private static final Path TEMPLATE = Path.of("/usr/share/OVMF/OVMF_VARS_4M.fd");

  private final VmId id = new VmId(UUID.randomUUID());
  private Path folder;
  private Path base;
  private Path overlay;
  private PrivateLibvirtd libvirtd;
  private Hypervisor hypervisor;
  private Connect somebody;

  @BeforeEach
  void begin() throws Exception {
    libvirtd = new PrivateLibvirtd();
    folder = libvirtd.folder();
    hypervisor = LibvirtHypervisor.open(libvirtd.uri(), Accelerator.TCG);
    somebody = new Connect(libvirtd.uri());
    base = Files.write(folder.resolve("base.raw"), new byte[1 << 20]);
    Files.setPosixFilePermissions(base, PosixFilePermissions.fromString("r--r--r--"));
    ImmutableFlag.set(base);
    overlay = folder.resolve("web.qcow2");
    PrivateLibvirtd.run(
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
    assertThat(listed.losses()).isEmpty();
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
  void oneAsVirtManagerMakesItKeepsItsMachine() throws Exception {
    assumeTrue(Files.exists(CODE), "OVMF is installed");
    Path raw = Files.write(folder.resolve("data.img"), new byte[1 << 20]);
    Path variables = Files.copy(TEMPLATE, folder.resolve("web_VARS.fd"));
    Path cd = Files.write(folder.resolve("install.iso"), new byte[1 << 16]);
    Domain domain = somebody.domainDefineXML(modern(variables, raw, cd));
    domain.create();

    OtherDomain listed = hypervisor.others().getFirst();
    assertThat(listed.obstacles()).isEmpty();
    assertThat(listed.losses()).containsExactly("the medium in its cdrom");
    assertThat(listed.variables()).contains(variables);
    assertThat(listed.disks())
        .containsExactly(new OtherDisk(overlay, "qcow2"), new OtherDisk(raw, "raw"));
    List<String> kept = new ArrayList<>();
    hypervisor.takeOver(id, 1, "t", kept::add);
    assertThat(variables).as("undefined, and its variables kept").exists();
    String before = domain.getXMLDesc(0);
    hypervisor.destroy(id);
    Files.delete(cd);
    for (Path file : List.of(overlay, raw, variables)) {
      hypervisor.facts().owner().own(file);
    }

    hypervisor.start(spec(kept.getFirst(), List.of(overlay, raw), Optional.of(variables)));

    Domain again = somebody.domainLookupByUUIDString(id.toString());
    String after = again.getXMLDesc(0);
    assertThat(after).contains("machine='pc-q35-", "e1000e", "<sound model='ich9'", "my-serial");
    assertThat(slots(after))
        .hasSizeGreaterThan(8)
        .containsExactlyInAnyOrderElementsOf(slots(before));
    assertThat(after)
        .contains("relabel='no'", variables.toString(), raw.toString())
        .doesNotContain("install.iso");
    assertThat(again.isPersistent()).isZero();
    assertThat(hypervisor.domain(id).orElseThrow().epoch()).isEqualTo(3);
    assertThat(Files.readString(folder.resolve("console.log"))).isNotNull();
    again.free();
  }

  /** Where on their buses the guest finds its devices. */
  private static List<String> slots(String xml) {
    return Pattern.compile("<address type='(pci|drive|usb)'[^>]*>")
        .matcher(xml)
        .results()
        .map(MatchResult::group)
        .toList();
  }

  private DomainSpec spec(String definition, List<Path> disks, Optional<Path> variables) {
    return new DomainSpec(
        id,
        "web",
        "t",
        3,
        1,
        64 << 20,
        List.of(
            new DomainDisk(
                disks.getFirst(),
                DiskFormat.QCOW2,
                List.of(new ChainElement(base, DiskFormat.RAW))),
            new DomainDisk(disks.getLast(), DiskFormat.RAW, List.of())),
        Optional.empty(),
        List.of(),
        Optional.empty(),
        folder.resolve("console.log"),
        Optional.empty(),
        false,
        Optional.empty(),
        Optional.of(new KeptDefinition(definition, variables)));
  }

  @Test
  void whatCouldNotBeKeptIsSaid() throws Exception {
    somebody
        .domainDefineXML(
            description(
                "<filesystem type='mount'><source dir='/srv/'/><target dir='x'/></filesystem>"
                    + "<disk type='block' device='disk'><source dev='/dev/vg/lv'/>"
                    + "<target dev='sda' bus='sata'/></disk>"
                    + "<disk type='file' device='disk'><source file='/x.raw'/><shareable/>"
                    + "<target dev='sdb' bus='sata'/></disk>"
                    + "<interface type='direct'><source dev='eth0'/></interface>"))
        .free();

    assertThat(hypervisor.others().getFirst().obstacles())
        .anyMatch(why -> why.contains("a folder of the host's"))
        .anyMatch(why -> why.contains("the device /dev/vg/lv"))
        .anyMatch(why -> why.contains("/x.raw is <shareable>"))
        .anyMatch(why -> why.contains("'direct'"));
  }

  @Test
  void firmwareWithoutVariablesIsStartedOnceBefore() throws Exception {
    String efi = description("").replace("<os>", "<os firmware='efi'>").replace("'pc'", "'q35'");

    assertThat(OtherDomainXml.read(efi, false).orElseThrow().obstacles())
        .anyMatch(why -> why.contains("start it once"));
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

  /** What virt-install writes for a guest of today, and more than one disk. */
  private String modern(Path variables, Path raw, Path cd) {
    return """
    <domain type='qemu'>
      <name>web</name><uuid>%s</uuid>
      <memory>65536</memory><currentMemory>65536</currentMemory><vcpu>1</vcpu>
      <os>
        <type arch='x86_64' machine='q35'>hvm</type>
        <loader readonly='yes' type='pflash'>%s</loader>
        <nvram template='%s'>%s</nvram>
        <boot dev='hd'/>
      </os>
      <features><acpi/><apic/><vmport state='off'/></features>
      <clock offset='localtime'><timer name='hpet' present='no'/></clock>
      <on_crash>restart</on_crash>
      <devices>
        <disk type='file' device='disk'>
          <driver name='qemu' type='qcow2' discard='unmap'/><source file='%s'/>
          <target dev='vda' bus='virtio'/>
        </disk>
        <disk type='file' device='cdrom'>
          <driver name='qemu' type='raw'/><source file='%s'/>
          <target dev='sda' bus='sata'/><readonly/>
        </disk>
        <disk type='file' device='disk'>
          <driver name='qemu' type='raw' cache='none'/><source file='%s'/>
          <target dev='sdb' bus='sata'/><serial>my-serial</serial>
        </disk>
        <controller type='usb' model='qemu-xhci' ports='15'/>
        <interface type='user'>
          <mac address='52:54:00:00:00:07'/><model type='e1000e'/>
        </interface>
        <console type='pty'/>
        <channel type='unix'>
          <source mode='bind'/><target type='virtio' name='org.qemu.guest_agent.0'/>
        </channel>
        <input type='tablet' bus='usb'/>
        <graphics type='vnc' port='-1'/>
        <sound model='ich9'/>
        <video><model type='virtio'/></video>
        <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
      </devices>
    </domain>
    """
        .formatted(id, CODE, TEMPLATE, variables, overlay, cd, raw);
  }
}
