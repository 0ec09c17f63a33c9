package dev.ratoon.agent.libvirt;

import dev.ratoon.agent.hypervisor.FileOwner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The system user as whom the distribution's libvirt runs QEMU.
 *
 * @param owner its number and that of its first group
 */
public record QemuUser(String name, FileOwner owner) {
  /** Debian's and Fedora's name. */
  private static final List<String> NAMES = List.of("libvirt-qemu", "qemu");

  /** Empty if libvirt is not installed. */
  public static Optional<QemuUser> find() {
    return find(Path.of("/etc/passwd"));
  }

  static Optional<QemuUser> find(Path passwd) {
    try {
      List<String> lines = Files.readAllLines(passwd);
      return NAMES.stream().flatMap(name -> read(name, lines).stream()).findFirst();
    } catch (IOException unreadable) {
      return Optional.empty();
    }
  }

  private static Optional<QemuUser> read(String name, List<String> lines) {
    return lines.stream()
        .map(line -> line.split(":", -1))
        .filter(fields -> fields.length > 3 && fields[0].equals(name))
        .map(f -> new QemuUser(name, new FileOwner(Integer.parseInt(f[2]), Integer.parseInt(f[3]))))
        .findFirst();
  }
}
