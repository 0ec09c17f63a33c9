package dev.ratoon.agent.libvirt;

import dev.ratoon.agent.host.Processors;
import dev.ratoon.agent.hypervisor.FileOwner;
import dev.ratoon.agent.hypervisor.Uefi;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.GuestHardware;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.libvirt.LibvirtException;
import org.libvirt.NodeInfo;

/**
 * What a host offers that does not change while a connection lasts.
 *
 * @param owner as whom libvirt runs QEMU when a domain's label says nothing else
 * @param machines the types of machine that guests of Ratoon's may have
 */
record HostOffers(
    String version, int cpus, long memoryBytes, FileOwner owner, List<String> machines) {
  private static final Path INTERFACES = Path.of("/sys/class/net");
  private static final Pattern DAC_LABEL =
      Pattern.compile("<model>dac</model>.*?<baselabel[^>]*>\\+(\\d+):\\+(\\d+)<", Pattern.DOTALL);

  /** Where distributions keep UEFI firmware; Debian first, then Fedora, then Arch. */
  private static final List<Uefi> FIRMWARE =
      List.of(
          uefi("/usr/share/OVMF", "OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd"),
          uefi("/usr/share/OVMF", "OVMF_CODE.fd", "OVMF_VARS.fd"),
          uefi("/usr/share/edk2/ovmf", "OVMF_CODE.fd", "OVMF_VARS.fd"),
          uefi("/usr/share/edk2/x64", "OVMF_CODE.4m.fd", "OVMF_VARS.4m.fd"));

  static HostOffers of(Connection connection) throws LibvirtException {
    NodeInfo node = connection.nodeInfo();
    String version =
        "libvirt "
            + dotted(connection.getLibVersion())
            + ", QEMU "
            + dotted(connection.getVersion());
    String capabilities = connection.getCapabilities();
    Matcher label = DAC_LABEL.matcher(capabilities);
    FileOwner owner =
        label.find()
            ? new FileOwner(Integer.parseInt(label.group(1)), Integer.parseInt(label.group(2)))
            : new FileOwner(0, 0);
    return new HostOffers(
        version, node.cpus, node.memory * 1024, owner, MachineXml.offered(capabilities));
  }

  /**
   * What of this the host has. No new VMs come to one that has less than its cluster is set to; but
   * those that are there already shall start.
   */
  GuestHardware nearest(GuestHardware wanted) {
    return new GuestHardware(
        wanted.cpuLevel().map(level -> Math.min(level, Processors.level().orElse(level))),
        wanted
            .machine()
            .filter(_ ->
                Stream.of(Firmware.values())
                    .allMatch(each -> machines.contains(wanted.machineOf(each).orElseThrow()))));
  }

  static Optional<Uefi> uefi() {
    return FIRMWARE.stream()
        .filter(uefi -> Files.isReadable(uefi.code()) && Files.isReadable(uefi.vars()))
        .findFirst();
  }

  static List<String> bridges() {
    try (Stream<Path> interfaces = Files.list(INTERFACES)) {
      return interfaces
          .map(path -> path.getFileName().toString())
          .filter(HostOffers::isBridge)
          .sorted()
          .toList();
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  static boolean isBridge(String name) {
    return Files.isDirectory(INTERFACES.resolve(name).resolve("bridge"));
  }

  private static Uefi uefi(String folder, String code, String vars) {
    return new Uefi(Path.of(folder, code), Path.of(folder, vars));
  }

  private static String dotted(long version) {
    return version / 1_000_000 + "." + version / 1000 % 1000 + "." + version % 1000;
  }
}
