package dev.ratoon.agent.libvirt;

import dev.ratoon.agent.hypervisor.FileOwner;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A guest of one boot sector that needs real acceleration to come to its end in time: see trial.S.
 * It runs as QEMU's own user, as domains will, so that it also proves that this user may open the
 * device.
 */
final class TrialBoot implements Acceleration.Trial {
  private static final Logger log = LoggerFactory.getLogger(TrialBoot.class);
  private static final Path DEVICE = Path.of("/dev/kvm");
  private static final Path QEMU = Path.of("/usr/bin/qemu-system-x86_64");

  /** What QEMU makes of 0x10 at its exit port. */
  private static final int SUCCESS = 33;

  /** A processor takes half a second, software emulation two, a KVM that interprets minutes. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  @Override
  public boolean possible() {
    return Files.exists(DEVICE) && Files.isExecutable(QEMU);
  }

  @Override
  public String subject() {
    try {
      Map<String, Object> device = Files.readAttributes(DEVICE, "unix:uid,gid,mode");
      return "kernel %s, %s, %s %s:%s mode %s"
          .formatted(
              Files.readString(Path.of("/proc/sys/kernel/osrelease")).strip(),
              version(),
              DEVICE,
              device.get("uid"),
              device.get("gid"),
              device.get("mode"));
    } catch (IOException unreadable) {
      return "unknown";
    }
  }

  @Override
  public boolean succeeds() {
    return boots("kvm", PATIENCE);
  }

  /** Whether the guest comes to its end in time. */
  boolean boots(String accelerator, Duration patience) {
    try {
      Path folder =
          Files.createTempDirectory(
              "ratoon-trial",
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
      Path sector = folder.resolve("trial.bin");
      try (var source = TrialBoot.class.getResourceAsStream("trial.bin")) {
        Files.write(sector, Objects.requireNonNull(source).readAllBytes());
        Files.setPosixFilePermissions(sector, PosixFilePermissions.fromString("r--r--r--"));
        return run(command(accelerator, sector, patience)) == SUCCESS;
      } finally {
        Files.deleteIfExists(sector);
        Files.deleteIfExists(folder);
      }
    } catch (IOException impossible) {
      log.warn("the trial boot could not run", impossible);
      return false;
    }
  }

  private static List<String> command(String accelerator, Path sector, Duration patience) {
    // A guard of its own ends the guest, also when this process has been killed meanwhile.
    String seconds = String.valueOf(patience.toSeconds());
    List<String> command = new ArrayList<>(List.of("timeout", "--signal=KILL", seconds));
    if (System.getProperty("user.name", "").equals("root")) {
      QemuUser.find().ifPresent(user -> command.addAll(as(user.owner())));
    }
    command.addAll(List.of(QEMU.toString(), "-accel", accelerator, "-machine", "pc", "-m", "16"));
    command.addAll(List.of("-nodefaults", "-display", "none", "-no-reboot"));
    command.addAll(List.of("-drive", "file=" + sector + ",format=raw,if=floppy,readonly=on"));
    command.addAll(List.of("-boot", "a", "-device", "isa-debug-exit,iobase=0xf4,iosize=1"));
    return command;
  }

  private static List<String> as(FileOwner user) {
    return List.of("setpriv", "--reuid=" + user.uid(), "--regid=" + user.gid(), "--init-groups");
  }

  private static int run(List<String> command) throws IOException {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      return process.waitFor();
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      return -1;
    } finally {
      process.destroy(); // the guard hands it on
    }
  }

  private static String version() throws IOException {
    Process process = new ProcessBuilder(QEMU.toString(), "--version").start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return said.lines().findFirst().orElse("QEMU");
  }
}
