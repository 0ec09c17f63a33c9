package dev.ratoon.agent.libvirt;

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
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A domain as libvirt wants to read it.
 *
 * <ul>
 *   <li>Ownership is nobody's business but ours: a static label without relabelling keeps libvirt
 *       from giving base disks away, whatever {@code dynamic_ownership} says. Other security
 *       drivers are left as they are.
 *   <li>The chain is spelled out down to its root, so that nobody looks for backing files in
 *       headers.
 *   <li>The cache mode stays {@code writeback}: it keeps what a guest has flushed, and all VMs on
 *       one base share its pages; {@code none} would read the base from the disk once for each VM.
 *   <li>BIOS guests get the machine {@code pc}, which boots fastest; UEFI needs {@code q35}.
 *   <li>The seed is a read-only virtio disk, not a CD: cloud kernels have no driver for IDE or
 *       SATA, and cloud-init finds it by its label.
 *   <li>A card with a port that leads to the guest's SSH is given to QEMU directly, because libvirt
 *       has no word for forwarding: it is there from the first moment, or the start fails.
 *   <li>No devices that nobody needs (USB, sound, video, option ROMs): each costs time at every
 *       start, and more under emulation.
 * </ul>
 */
final class DomainXml {
  private static final String QEMU = "http://libvirt.org/schemas/domain/qemu/1.0";

  /** A slot that libvirt, which counts from below, does not reach: a bus has 32. */
  private static final String FORWARDED_CARD_SLOT = "0x1c";

  private final Accelerator accelerator;
  private final FileOwner owner;
  private final GuestHardware hardware;

  /** Of domains that are started with what the host has. */
  DomainXml(Accelerator accelerator, FileOwner owner) {
    this(accelerator, owner, GuestHardware.OF_THE_HOST);
  }

  DomainXml(Accelerator accelerator, FileOwner owner, GuestHardware hardware) {
    this.accelerator = accelerator;
    this.owner = owner;
    this.hardware = hardware;
  }

  /** The hypervisor's name for the domain: unique, as names of VMs are not. */
  static String name(DomainSpec spec) {
    return spec.name() + "-" + spec.id();
  }

  /** What libvirt calls domains that run so. */
  static String type(Accelerator accelerator) {
    return switch (accelerator) {
      case KVM -> "kvm";
      case TCG -> "qemu";
    };
  }

  String write(DomainSpec spec) {
    Xml xml = new Xml();
    xml.open("domain", "type", type(accelerator), "xmlns:qemu", QEMU);
    xml.leaf("name", name(spec)).leaf("uuid", spec.id());
    xml.open("metadata");
    DomainMark.write(spec, xml);
    xml.close("metadata");
    xml.leaf("memory", spec.memoryBytes(), "unit", "b");
    xml.leaf("vcpu", spec.cpus());
    firmware(spec.uefi(), xml);
    xml.open("features").empty("acpi").empty("apic").close("features");
    processor(xml);
    xml.empty("clock", "offset", "utc");
    xml.leaf("on_poweroff", "destroy").leaf("on_reboot", "restart").leaf("on_crash", "destroy");
    xml.open("pm");
    xml.empty("suspend-to-mem", "enabled", "no").empty("suspend-to-disk", "enabled", "no");
    xml.close("pm");
    Optional<DomainNic> forwarded = forwarded(spec);
    devices(spec, forwarded, xml);
    xml.open("seclabel", "type", "static", "model", "dac", "relabel", "no");
    xml.leaf("label", "+" + owner.uid() + ":+" + owner.gid());
    xml.close("seclabel");
    forwarded.ifPresent(nic -> forward(nic, spec.sshPort().orElseThrow(), xml));
    return xml.close("domain").toString();
  }

  private void firmware(Optional<Uefi> uefi, Xml xml) {
    String machine =
        hardware
            .machineOf(uefi.isPresent() ? Firmware.UEFI : Firmware.BIOS)
            .orElse(uefi.isPresent() ? "q35" : "pc");
    xml.open("os");
    xml.leaf("type", "hvm", "arch", "x86_64", "machine", machine);
    uefi.ifPresent(firmware -> {
      xml.leaf("loader", firmware.code(), "readonly", "yes", "type", "pflash");
      xml.leaf("nvram", firmware.vars());
    });
    xml.close("os");
  }

  /**
   * Under KVM the host's processor by name, so that a migration to a lesser one is refused instead
   * of crashing the guest; or the one that all hosts of its cluster can give it. Under emulation
   * one that today's distributions still accept (x86-64-v2); the emulator's own default is older
   * than that.
   */
  private void processor(Xml xml) {
    switch (accelerator) {
      case KVM ->
          hardware
              .cpuLevel()
              .ifPresentOrElse(
                  level -> PlainProcessor.write(level, xml),
                  () -> xml.empty("cpu", "mode", "host-model"));
      case TCG -> {
        xml.open("cpu", "mode", "custom", "match", "exact", "check", "none");
        xml.leaf("model", "Nehalem", "fallback", "forbid");
        xml.close("cpu");
      }
    }
  }

  private static void devices(DomainSpec spec, Optional<DomainNic> forwarded, Xml xml) {
    xml.open("devices");
    int letter = 0;
    for (DomainDisk disk : spec.disks()) {
      disk(disk, letter++, xml);
    }
    if (spec.seed().isPresent()) {
      seed(spec.seed().get(), letter, xml);
    }
    xml.empty("controller", "type", "usb", "model", "none");
    spec.nics().stream()
        .filter(nic -> !forwarded.equals(Optional.of(nic)))
        .forEach(n -> nic(n, xml));
    serial(spec, xml);
    GuestAgentChannel.write(xml);
    xml.empty("memballoon", "model", "virtio", "freePageReporting", "on");
    xml.open("rng", "model", "virtio");
    xml.leaf("backend", "/dev/urandom", "model", "random");
    xml.close("rng");
    xml.empty("panic", "model", "isa");
    xml.close("devices");
  }

  private static void disk(DomainDisk disk, int letter, Xml xml) {
    xml.open("disk", "type", "file", "device", "disk");
    xml.empty("driver", "name", "qemu", "type", disk.format().text(), "discard", "unmap");
    xml.empty("source", "file", disk.path());
    backing(disk.backing(), xml);
    target(letter, xml);
    if (letter == 0) {
      xml.empty("boot", "order", 1);
    }
    xml.close("disk");
  }

  private static void backing(List<ChainElement> chain, Xml xml) {
    if (chain.isEmpty()) {
      xml.empty("backingStore");
      return;
    }
    ChainElement nearest = chain.getFirst();
    xml.open("backingStore", "type", "file");
    xml.empty("format", "type", nearest.format().text());
    xml.empty("source", "file", nearest.path());
    backing(chain.subList(1, chain.size()), xml);
    xml.close("backingStore");
  }

  private static void seed(Path seed, int letter, Xml xml) {
    xml.open("disk", "type", "file", "device", "disk");
    xml.empty("driver", "name", "qemu", "type", DiskFormat.RAW.text());
    xml.empty("source", "file", seed);
    xml.empty("backingStore");
    target(letter, xml);
    xml.empty("readonly");
    xml.close("disk");
  }

  private static void target(int letter, Xml xml) {
    xml.empty("target", "dev", "vd" + (char) ('a' + letter), "bus", "virtio");
  }

  private static void nic(DomainNic nic, Xml xml) {
    switch (nic.network()) {
      case NetworkAttachment.User() -> xml.open("interface", "type", "user");
      case NetworkAttachment.Network(String name) ->
          xml.open("interface", "type", "network").empty("source", "network", name);
      case NetworkAttachment.Bridge(String name) ->
          xml.open("interface", "type", "bridge").empty("source", "bridge", name);
    }
    xml.empty("mac", "address", nic.mac());
    xml.empty("model", "type", "virtio");
    xml.empty("rom", "enabled", "no");
    xml.close("interface");
  }

  /** The first port's output is appended to a file by virtlogd, whoever is or is not connected. */
  private static void serial(DomainSpec spec, Xml xml) {
    xml.open("serial", "type", "pty");
    xml.empty("log", "file", spec.consoleLog(), "append", "on");
    xml.empty("target", "port", 0);
    xml.close("serial");
    spec.serialSocket()
        .ifPresent(socket -> {
          xml.open("serial", "type", "unix");
          xml.empty("source", "mode", "bind", "path", socket);
          xml.empty("target", "port", 1);
          xml.close("serial");
        });
  }

  private static Optional<DomainNic> forwarded(DomainSpec spec) {
    return spec.sshPort().isEmpty()
        ? Optional.empty()
        : spec.nics().stream()
            .filter(nic -> nic.network() instanceof NetworkAttachment.User)
            .findFirst();
  }

  private static void forward(DomainNic nic, int port, Xml xml) {
    xml.open("qemu:commandline");
    argument("-netdev", xml);
    argument("user,id=ratoon-user,hostfwd=tcp:127.0.0.1:" + port + "-:22", xml);
    argument("-device", xml);
    argument(
        "virtio-net-pci,netdev=ratoon-user,romfile=,addr="
            + FORWARDED_CARD_SLOT
            + ",mac="
            + nic.mac(),
        xml);
    xml.close("qemu:commandline");
  }

  private static void argument(String value, Xml xml) {
    xml.empty("qemu:arg", "value", value);
  }
}
