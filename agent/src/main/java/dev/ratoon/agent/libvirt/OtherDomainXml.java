package dev.ratoon.agent.libvirt;

import dev.ratoon.agent.hypervisor.DomainSpec.DomainNic;
import dev.ratoon.agent.hypervisor.OtherDomain;
import dev.ratoon.agent.hypervisor.OtherDomain.OtherDisk;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.w3c.dom.Element;

/**
 * What the description of somebody else's domain says, and whether a VM of Ratoon's could keep it:
 * its machine is started again as it is described ({@link KeptDomainXml}), so that all can be kept
 * that needs nothing but its own disks. Nothing is passed over in silence: a device or a file that
 * is not known here is an obstacle, and what is known and not kept is a loss.
 */
final class OtherDomainXml {
  private static final long KIB = 1024;
  private static final String QEMU = "http://libvirt.org/schemas/domain/qemu/1.0";

  /** Devices that need nothing from outside the domain. */
  private static final Set<String> KEPT =
      Set.of(
          "emulator",
          "controller",
          "serial",
          "console",
          "parallel",
          "channel",
          "memballoon",
          "rng",
          "panic",
          "watchdog",
          "graphics",
          "video",
          "sound",
          "audio",
          "input",
          "hub",
          "redirdev",
          "redirfilter",
          "smartcard",
          "vsock",
          "iommu");

  /** Devices that somebody could expect to be kept. */
  private static final Map<String, String> NOT_KEPT =
      Map.of(
          "tpm", "It has a TPM, whose secrets libvirt would forget with the domain.",
          "hostdev", "It has a device of the host's passed through (hostdev).",
          "filesystem", "It has a folder of the host's (filesystem).",
          "shmem", "It shares memory with others (shmem).",
          "memory", "It has memory that can be plugged (memory).",
          "lease", "It holds leases of a lock manager (lease).");

  /** What may be said of a disk. What is missing here would change what its file means. */
  private static final Set<String> OF_DISK =
      Set.of(
          "driver",
          "source",
          "backingStore",
          "target",
          "boot",
          "alias",
          "address",
          "serial",
          "wwn",
          "vendor",
          "product",
          "geometry",
          "blockio",
          "iotune");

  private final Element domain;
  private final List<OtherDisk> disks = new ArrayList<>();
  private final List<DomainNic> nics = new ArrayList<>();
  private final List<String> obstacles = new ArrayList<>();
  private final Set<String> losses = new LinkedHashSet<>();
  private Optional<Path> variables = Optional.empty();

  private OtherDomainXml(Element domain) {
    this.domain = domain;
  }

  /** Empty if it is Ratoon's own, or has no id that can be read. */
  static Optional<OtherDomain> read(String xml, boolean running) {
    if (DomainMark.read(xml).isPresent()) {
      return Optional.empty();
    }
    OtherDomainXml reader = new OtherDomainXml(DomainMark.parse(xml).getDocumentElement());
    try {
      return Optional.of(reader.read(running));
    } catch (RatoonException noId) {
      return Optional.empty();
    }
  }

  private OtherDomain read(boolean running) {
    machine();
    Elements.child(domain, "os").ifPresent(this::firmware);
    Elements.child(domain, "devices")
        .ifPresent(devices -> Elements.children(devices).forEach(this::device));
    if (disks.isEmpty()) {
      obstacles.add("It has no disk.");
    }
    return new OtherDomain(
        VmId.parse(Elements.text(domain, "uuid")),
        Elements.text(domain, "name"),
        running,
        cpus(domain),
        memoryBytes(domain),
        disks,
        nics,
        obstacles,
        List.copyOf(losses),
        variables);
  }

  private void machine() {
    Optional<Element> type =
        Elements.child(domain, "os").flatMap(found -> Elements.child(found, "type"));
    String arch = type.map(found -> found.getAttribute("arch")).orElse("");
    if (!arch.equals("x86_64") || !type.map(Element::getTextContent).orElse("").equals("hvm")) {
      obstacles.add("It is no x86_64 machine.");
    }
    for (String part : List.of("launchSecurity", "maxMemory", "idmap", "keywrap")) {
      if (Elements.child(domain, part).isPresent()) {
        obstacles.add("It has <" + part + ">, which Ratoon does not know how to keep.");
      }
    }
    if (domain.getElementsByTagNameNS(QEMU, "*").getLength() > 0) {
      obstacles.add("It passes arguments of its own to QEMU.");
    }
  }

  /** UEFI has variables in a file of the domain's own. */
  private void firmware(Element os) {
    for (String part : List.of("kernel", "initrd", "dtb")) {
      if (Elements.child(os, part).isPresent()) {
        obstacles.add("It starts a kernel that does not lie on its disks (" + part + ").");
        break;
      }
    }
    Optional<Element> file = Elements.child(os, "nvram");
    boolean uefi =
        os.getAttribute("firmware").equals("efi")
            || Elements.attribute(os, "loader", "type").equals("pflash");
    boolean stateless = Elements.attribute(os, "loader", "stateless").equals("yes");
    if (file.isPresent()) {
      variables(file.get());
    } else if (uefi && !stateless) {
      obstacles.add("Its firmware has no variables yet: start it once, and it gets them.");
    }
  }

  private void variables(Element nvram) {
    String kind = nvram.getAttribute("type");
    String format = nvram.getAttribute("format");
    String path =
        kind.isEmpty()
            ? nvram.getTextContent().strip()
            : Elements.attribute(nvram, "source", "file");
    if (path.isEmpty() || !(format.isEmpty() || format.equals("raw"))) {
      obstacles.add("The variables of its firmware are not kept in a raw file.");
    } else {
      variables = Optional.of(Path.of(path));
    }
  }

  private void device(Element device) {
    String kind = device.getTagName();
    switch (kind) {
      case "disk" -> disk(device);
      case "interface" -> nic(device);
      default -> {
        if (!KEPT.contains(kind)) {
          obstacles.add(
              NOT_KEPT.getOrDefault(
                  kind, "It has a device <" + kind + ">, which Ratoon does not know."));
        }
      }
    }
  }

  /** Whether it is a disk that the guest writes, and no drive for media. */
  static boolean isDisk(Element disk) {
    String use = disk.getAttribute("device");
    return use.isEmpty() || use.equals("disk") || use.equals("lun");
  }

  private void disk(Element disk) {
    Optional<Element> source = Elements.child(disk, "source");
    if (!isDisk(disk)) {
      if (source.isPresent()) {
        losses.add("the medium in its " + disk.getAttribute("device"));
      }
      return;
    }
    String kind = disk.getAttribute("type");
    String file = Elements.attribute(disk, "source", "file");
    if (file.isEmpty() || !kind.equals("file")) {
      obstacles.add(noFile(disk, source));
      return;
    }
    String what = "Its disk " + file;
    for (String only : List.of("readonly", "shareable", "transient")) {
      if (Elements.child(disk, only).isPresent()) {
        obstacles.add(what + " is <" + only + ">: only disks that it alone writes can be kept.");
        return;
      }
    }
    if (Elements.child(disk, "mirror").isPresent()) {
      obstacles.add(what + " is being copied to another file by libvirt: wait for it to end.");
      return;
    }
    requireOnly(disk, OF_DISK, what);
    source.ifPresent(
        found -> requireOnly(found, Set.of("seclabel", "privateData", "reservations"), what));
    String format = Elements.attribute(disk, "driver", "type");
    disks.add(new OtherDisk(Path.of(file), format.isEmpty() ? "raw" : format));
  }

  private static String noFile(Element disk, Optional<Element> source) {
    String target = Elements.attribute(disk, "target", "dev");
    String device = source.map(found -> found.getAttribute("dev")).orElse("");
    return "Its disk "
        + target
        + " is no file"
        + (device.isEmpty() ? "." : ", but the device " + device + ".");
  }

  private void nic(Element nic) {
    String mac = Elements.attribute(nic, "mac", "address");
    Optional<Element> source = Elements.child(nic, "source");
    Optional<NetworkAttachment> network =
        switch (nic.getAttribute("type")) {
          case "user" -> Optional.of(new NetworkAttachment.User());
          case "network" ->
              source.map(s -> new NetworkAttachment.Network(s.getAttribute("network")));
          case "bridge" -> source.map(s -> new NetworkAttachment.Bridge(s.getAttribute("bridge")));
          default -> Optional.empty();
        };
    if (network.isEmpty()) {
      obstacles.add(
          "Its network card "
              + mac
              + " is plugged into a '"
              + nic.getAttribute("type")
              + "': Ratoon knows networks, bridges and 'user'.");
    } else {
      nics.add(new DomainNic(network.get(), mac));
    }
  }

  private void requireOnly(Element element, Set<String> known, String what) {
    Elements.children(element).stream()
        .map(Element::getTagName)
        .filter(name -> !known.contains(name))
        .forEach(name -> obstacles.add(what + " has <" + name + ">, which is not kept."));
  }

  /**
   * What the guest has now: memory that was ballooned away is asked for again at its next start.
   */
  static long memoryBytes(Element domain) {
    long amount = number(Elements.text(domain, "memory"));
    return switch (Elements.attribute(domain, "memory", "unit")) {
      case "b", "bytes" -> amount;
      case "MiB", "M" -> amount * KIB * KIB;
      case "GiB", "G" -> amount * KIB * KIB * KIB;
      default -> amount * KIB;
    };
  }

  static int cpus(Element domain) {
    return Math.clamp(number(Elements.text(domain, "vcpu")), 1, 1 << 16);
  }

  private static long number(String text) {
    return text.matches("[0-9]{1,15}") ? Long.parseLong(text) : 0;
  }
}
