package dev.ratoon.agent.doctor;

import dev.ratoon.model.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The Debian packages that a host needs. */
final class PackagesCheck implements Check {
  /** What runs VMs, the C library that we call, and firmware for UEFI guests. */
  private static final List<String> NEEDED =
      List.of("qemu-system-x86", "libvirt-daemon-system", "libvirt0", "ovmf");

  private static final Path LISTS = Path.of("/var/lib/apt/lists");
  private static final Path DPKG = Path.of("/usr/bin/dpkg-query");

  private final Commands commands;

  PackagesCheck(Commands commands) {
    this.commands = commands;
  }

  @Override
  public String name() {
    return "packages";
  }

  @Override
  public Finding examine() {
    if (!Files.isExecutable(DPKG)) {
      return new Finding.Ok("not a Debian system: whether QEMU and libvirt are there shows below");
    }
    List<String> missing = missing();
    if (missing.isEmpty()) {
      return new Finding.Ok(String.join(", ", NEEDED));
    }
    String names = String.join(" ", missing);
    return new Finding.Mendable("not installed: " + names, "apt-get install " + names);
  }

  @Override
  public void mend() {
    if (!listsAreThere()) {
      commands.mustRun(ErrorCode.PACKAGE_MISSING, List.of("apt-get", "update"));
    }
    List<String> install = new ArrayList<>();
    install.addAll(List.of("apt-get", "install", "-y", "--no-install-recommends"));
    install.addAll(missing());
    commands.mustRun(ErrorCode.PACKAGE_MISSING, install);
  }

  private List<String> missing() {
    return NEEDED.stream().filter(name -> !isInstalled(name)).toList();
  }

  private boolean isInstalled(String name) {
    var asked = commands.run(List.of(DPKG.toString(), "-W", "-f", "${db:Status-Status}", name));
    return asked.code() == 0 && asked.said().strip().equals("installed");
  }

  private static boolean listsAreThere() {
    try (Stream<Path> lists = Files.list(LISTS)) {
      return lists.anyMatch(list -> list.toString().contains("_Packages"));
    } catch (IOException none) {
      return false;
    }
  }
}
