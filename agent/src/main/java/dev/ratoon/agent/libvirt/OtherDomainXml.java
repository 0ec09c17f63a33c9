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
import java.util.Optional;
import java.util.Set;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/**
 * What the description of somebody else's domain says, as far as a VM of Ratoon's could keep it.
 * Nothing is passed over in silence: what is not known here is an obstacle, and what is known and
 * not kept is a loss.
 */
final class OtherDomainXml {
  private static final long KIB = 1024;

  /** What a guest hardly misses, and Ratoon's VMs do not have. */
  private static final Set<String> LOST =
      Set.of(
          "graphics",
          "video",
          "input",
          "sound",
          "audio",
          "channel",
          "redirdev",
          "smartcard",
          "watchdog",
          "hub",
          "parallel");

  /** What may be said of a disk or of a network card without being lost. */
  private static final Set<String> OF_DISK =
      Set.of("driver", "source", "backingStore", "target", "boot", "alias", "address");

  private static final Set<String> OF_NIC =
      Set.of("mac", "source", "model", "target", "boot", "alias", "address", "driver", "rom");

  /** Without these a guest runs on otherwise than it did, or not at all. */
  private static final List<String> NOT_KEPT =
      List.of(
          "launchSecurity",
          "numatune",
          "cputune",
          "memtune",
          "blkiotune",
          "memoryBacking",
          "maxMemory",
          "idmap",
          "keywrap",
          "sysinfo");

  /** What Ratoon's VMs have in a way of their own, or what follows from other devices. */
  private static final Set<String> KEPT =
      Set.of("emulator", "controller", "serial", "console", "memballoon", "rng", "panic");

  private final Element domain;
  private final List<OtherDisk> disks = new ArrayList<>();
  private final List<DomainNic> nics = new ArrayList<>();
  private final List<String> obstacles = new ArrayList<>();
  private final Set<String> losses = new LinkedHashSet<>();

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
    child(domain, "devices").ifPresent(devices -> children(devices).forEach(this::device));
    if (disks.isEmpty()) {
      obstacles.add("It has no disk.");
    }
    return new OtherDomain(
        VmId.parse(text("uuid")),
        text("name"),
        running,
        number(text("vcpu")),
        memoryBytes(),
        disks,
        nics,
        obstacles,
        List.copyOf(losses));
  }

  private void machine() {
    Optional<Element> os = child(domain, "os");
    Optional<Element> type = os.flatMap(found -> child(found, "type"));
    String arch = type.map(found -> found.getAttribute("arch")).orElse("");
    String machine = type.map(found -> found.getAttribute("machine")).orElse("");
    if (!arch.equals("x86_64") || !type.map(Element::getTextContent).orElse("").equals("hvm")) {
      obstacles.add("It is no x86_64 machine.");
    }
    if (!machine.startsWith("pc") || machine.startsWith("pc-q35")) {
      obstacles.add(
          "Its machine is '"
              + machine
              + "': with BIOS Ratoon's are 'pc', and its devices would move.");
    }
    for (String part : List.of("loader", "nvram", "kernel", "initrd")) {
      if (os.flatMap(found -> child(found, part)).isPresent()
          || os.filter(found -> found.getAttribute("firmware").equals("efi")).isPresent()) {
        obstacles.add(
            "It starts from firmware or a kernel of its own ("
                + part
                + "), which is not kept yet.");
        break;
      }
    }
    for (String part : NOT_KEPT) {
      if (child(domain, part).isPresent()) {
        obstacles.add("It has <" + part + ">, which Ratoon's VMs have not.");
      }
    }
    String clock = child(domain, "clock").map(found -> found.getAttribute("offset")).orElse("utc");
    if (!clock.equals("utc")) {
      obstacles.add("Its clock is '" + clock + "': Ratoon's is 'utc'.");
    }
    if (child(domain, "cpu").flatMap(cpu -> child(cpu, "numa")).isPresent()) {
      obstacles.add("Its processors have NUMA nodes.");
    }
    losses.add("cpu model");
    losses.add("device addresses");
    if (domain
            .getElementsByTagNameNS("http://libvirt.org/schemas/domain/qemu/1.0", "arg")
            .getLength()
        > 0) {
      obstacles.add("It passes arguments of its own to QEMU.");
    }
  }

  private void device(Element device) {
    String kind = device.getTagName();
    if (kind.equals("disk")) {
      disk(device);
    } else if (kind.equals("interface")) {
      nic(device);
    } else if (LOST.contains(kind)) {
      losses.add(kind);
    } else if (!KEPT.contains(kind)) {
      obstacles.add("It has a device <" + kind + ">, which Ratoon's VMs have not.");
    }
  }

  private void disk(Element disk) {
    Optional<Element> source = child(disk, "source");
    String use = disk.getAttribute("device");
    if (!use.isEmpty() && !use.equals("disk")) {
      losses.add(use);
      if (source.isPresent() && use.equals("lun")) {
        obstacles.add("It has a disk of the kind 'lun'.");
      }
      return;
    }
    String file = source.map(found -> found.getAttribute("file")).orElse("");
    if (file.isEmpty()) {
      obstacles.add("It has a disk that is no file.");
      return;
    }
    String format = child(disk, "driver").map(found -> found.getAttribute("type")).orElse("raw");
    String bus = child(disk, "target").map(found -> found.getAttribute("bus")).orElse("");
    if (child(disk, "readonly").isPresent() || child(disk, "shareable").isPresent()) {
      obstacles.add("Its disk " + file + " is read-only, or shared with others.");
      return;
    }
    if (!bus.equals("virtio")) {
      obstacles.add(
          "Its disk " + file + " is on the bus '" + bus + "': Ratoon's are virtio disks.");
    }
    requireOnly(disk, OF_DISK, "Its disk " + file);
    source.ifPresent(
        found -> requireOnly(found, Set.of("seclabel", "privateData"), "Its disk " + file));
    disks.add(new OtherDisk(Path.of(file), format));
  }

  private void nic(Element nic) {
    String model = child(nic, "model").map(found -> found.getAttribute("type")).orElse("");
    String mac = child(nic, "mac").map(found -> found.getAttribute("address")).orElse("");
    Optional<Element> source = child(nic, "source");
    Optional<NetworkAttachment> network =
        switch (nic.getAttribute("type")) {
          case "user" -> Optional.of(new NetworkAttachment.User());
          case "network" ->
              source.map(s -> new NetworkAttachment.Network(s.getAttribute("network")));
          case "bridge" -> source.map(s -> new NetworkAttachment.Bridge(s.getAttribute("bridge")));
          default -> Optional.empty();
        };
    requireOnly(nic, OF_NIC, "Its network card " + mac);
    if (network.isEmpty()) {
      obstacles.add("Its network card " + mac + " is plugged into something that Ratoon has not.");
    } else if (!model.equals("virtio")) {
      obstacles.add(
          "Its network card " + mac + " is a '" + model + "': Ratoon's are virtio cards.");
    } else {
      nics.add(new DomainNic(network.get(), mac));
    }
  }

  private void requireOnly(Element element, Set<String> known, String what) {
    children(element).stream()
        .map(Element::getTagName)
        .filter(name -> !known.contains(name))
        .forEach(name -> obstacles.add(what + " has <" + name + ">, which is not kept."));
  }

  /**
   * What the guest has now: memory that was ballooned away is asked for again at its next start.
   */
  private long memoryBytes() {
    Optional<Element> memory = child(domain, "memory");
    String unit = memory.map(found -> found.getAttribute("unit")).orElse("KiB");
    long amount = memory.map(found -> Long.parseLong(found.getTextContent().strip())).orElse(0L);
    return switch (unit) {
      case "b", "bytes" -> amount;
      case "MiB", "M" -> amount * KIB * KIB;
      case "GiB", "G" -> amount * KIB * KIB * KIB;
      default -> amount * KIB;
    };
  }

  private String text(String name) {
    return child(domain, name).map(found -> found.getTextContent().strip()).orElse("");
  }

  private static int number(String text) {
    return text.matches("[0-9]{1,6}") ? Integer.parseInt(text) : 1;
  }

  private static Optional<Element> child(Element parent, String name) {
    return children(parent).stream().filter(each -> each.getTagName().equals(name)).findFirst();
  }

  private static List<Element> children(Element parent) {
    List<Element> children = new ArrayList<>();
    for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
      if (node instanceof Element element) {
        children.add(element);
      }
    }
    return children;
  }
}
