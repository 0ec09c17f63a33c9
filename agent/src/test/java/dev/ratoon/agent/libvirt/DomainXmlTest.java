package dev.ratoon.agent.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.agent.hypervisor.Accelerator;
import dev.ratoon.agent.hypervisor.DiskFormat;
import dev.ratoon.agent.hypervisor.DomainSpec;
import dev.ratoon.agent.hypervisor.DomainSpec.ChainElement;
import dev.ratoon.agent.hypervisor.DomainSpec.DomainDisk;
import dev.ratoon.agent.hypervisor.DomainSpec.DomainNic;
import dev.ratoon.agent.hypervisor.FileOwner;
import dev.ratoon.agent.hypervisor.Uefi;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.GuestHardware;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.VmId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class DomainXmlTest {
  private static final VmId ID = VmId.parse("123e4567-e89b-12d3-a456-426614174000");
  private static final FileOwner OWNER = new FileOwner(64055, 64055);

  @Test
  void aPlainDomainUnderEmulation() throws IOException {
    DomainSpec spec =
        new DomainSpec(
            ID,
            "web-1",
            "acme",
            3,
            1,
            512L << 20,
            List.of(
                new DomainDisk(
                    Path.of("/v/root.qcow2"),
                    DiskFormat.QCOW2,
                    List.of(new ChainElement(Path.of("/c/base.raw"), DiskFormat.RAW)))),
            Optional.of(Path.of("/v/seed.iso")),
            List.of(new DomainNic(new NetworkAttachment.User(), "52:54:00:12:34:56")),
            Optional.empty(),
            Path.of("/v/console.log"),
            Optional.empty(),
            false,
            Optional.of(2201));
    assertThat(new DomainXml(Accelerator.TCG, OWNER).write(spec)).isEqualTo(golden("plain.xml"));
  }

  @Test
  void everythingUnderKvmWithAwkwardNames() throws IOException {
    DomainSpec spec =
        new DomainSpec(
            ID,
            "web-1",
            "<a> & 'b' \"c\"\n\u0000",
            3,
            4,
            4L << 30,
            List.of(
                new DomainDisk(
                    Path.of("/v & w/'root'.qcow2"),
                    DiskFormat.QCOW2,
                    List.of(
                        new ChainElement(Path.of("/c/<delta>.qcow2"), DiskFormat.QCOW2),
                        new ChainElement(Path.of("/c/base.raw"), DiskFormat.RAW))),
                new DomainDisk(Path.of("/v/data.raw"), DiskFormat.RAW, List.of())),
            Optional.empty(),
            List.of(
                new DomainNic(new NetworkAttachment.Network("default"), "52:54:00:12:34:56"),
                new DomainNic(new NetworkAttachment.Bridge("br0"), "52:54:00:12:34:57"),
                new DomainNic(new NetworkAttachment.User(), "52:54:00:12:34:58")),
            Optional.of(new Uefi(Path.of("/f/code.fd"), Path.of("/v/vars.fd"))),
            Path.of("/v/console.log"),
            Optional.of(Path.of("/v/serial.socket")),
            true,
            Optional.empty());
    String xml = new DomainXml(Accelerator.KVM, OWNER).write(spec);
    assertThat(xml).isEqualTo(golden("everything.xml"));
    DomainMark mark = DomainMark.read(xml).orElseThrow();
    assertThat(mark.tenant()).isEqualTo("<a> & 'b' \"c\"\n\uFFFD");
    assertThat(mark.id()).isEqualTo(ID);
    assertThat(mark.epoch()).isEqualTo(3);
    assertThat(mark.overlays())
        .containsExactly(Path.of("/v & w/'root'.qcow2"), Path.of("/v/data.raw"));
  }

  @Test
  void guestsOfAClusterGetItsProcessorAndItsMachine() {
    GuestHardware hardware = new GuestHardware(Optional.of(2), Optional.of("7.2"));

    String kvm = new DomainXml(Accelerator.KVM, OWNER, hardware).write(bare());
    assertThat(kvm)
        .contains("machine='pc-i440fx-7.2'", "<model fallback='forbid'>kvm64</model>")
        .contains("name='sse4.2'")
        .doesNotContain("host-model", "avx");
    assertThat(new DomainXml(Accelerator.TCG, OWNER, hardware).write(bare()))
        .contains("machine='pc-i440fx-7.2'", "Nehalem");
    assertThat(hardware.machineOf(Firmware.UEFI)).contains("pc-q35-7.2");
  }

  private static DomainSpec bare() {
    return bare(Path.of("/v/console.log"));
  }

  static DomainSpec bare(Path console) {
    return new DomainSpec(
        ID,
        "web-1",
        "acme",
        3,
        1,
        64L << 20,
        List.of(),
        Optional.empty(),
        List.of(),
        Optional.empty(),
        console,
        Optional.empty(),
        false,
        Optional.empty());
  }

  @Test
  void aDomainWithoutTheMarkIsNotOurs() {
    assertThat(DomainMark.read("<domain type='kvm'><name>x</name></domain>")).isEmpty();
    assertThat(DomainMark.read("<domain><metadata><vm id='x'/></metadata></domain>")).isEmpty();
  }

  private static String golden(String name) throws IOException {
    try (var file = DomainXmlTest.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(file).readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
