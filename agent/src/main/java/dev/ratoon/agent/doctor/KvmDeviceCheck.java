package dev.ratoon.agent.doctor;

import dev.ratoon.agent.libvirt.QemuUser;
import dev.ratoon.model.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.List;
import java.util.Optional;

/**
 * Whether QEMU's user may open /dev/kvm. Where root may and it may not, libvirt finds at every call
 * that its knowledge of QEMU is out of date and gathers it again: starts take many seconds instead
 * of a fraction of one, even of VMs that use no acceleration.
 */
final class KvmDeviceCheck implements Check {
  private static final String GROUP = "kvm";
  private static final Path GROUPS = Path.of("/etc/group");

  private final Path device;
  private final Commands commands;

  KvmDeviceCheck(Commands commands) {
    this(Path.of("/dev/kvm"), commands);
  }

  KvmDeviceCheck(Path device, Commands commands) {
    this.device = device;
    this.commands = commands;
  }

  @Override
  public String name() {
    return "/dev/kvm";
  }

  @Override
  public Finding examine() {
    if (!Files.exists(device)) {
      return new Finding.Ok("not there: VMs run under software emulation");
    }
    Optional<QemuUser> user = QemuUser.find();
    if (user.isEmpty()) {
      return new Finding.Beyond(
          "the user as whom libvirt runs QEMU does not exist", "Install libvirt's daemon.");
    }
    try {
      if (opens(user.get())) {
        return new Finding.Ok("open to " + user.get().name());
      }
    } catch (IOException unreadable) {
      return new Finding.Beyond("cannot be examined: " + unreadable.getMessage(), "Look at it.");
    }
    String wrong =
        "%s may not open it, so libvirt examines QEMU anew at every start, which takes seconds"
            .formatted(user.get().name());
    return groupExists()
        ? new Finding.Mendable(
            wrong, "give it to the group kvm with mode 0660, and the user to that group")
        : new Finding.Beyond(wrong, "Make a group 'kvm' and install the udev rule for it.");
  }

  @Override
  public void mend() {
    commands.mustRun(ErrorCode.FILE_UNWRITABLE, List.of("chgrp", GROUP, device.toString()));
    commands.mustRun(ErrorCode.FILE_UNWRITABLE, List.of("chmod", "0660", device.toString()));
    QemuUser user = QemuUser.find().orElseThrow();
    if (!groups(user).contains(GROUP)) {
      commands.mustRun(
          ErrorCode.FILE_UNWRITABLE, List.of("usermod", "-a", "-G", GROUP, user.name()));
    }
  }

  private boolean opens(QemuUser user) throws IOException {
    PosixFileAttributes attributes =
        Files.readAttributes(device, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    var allowed = attributes.permissions();
    return allowed.contains(PosixFilePermission.OTHERS_WRITE)
        || (allowed.contains(PosixFilePermission.GROUP_WRITE)
            && groups(user).contains(attributes.group().getName()))
        || attributes.owner().getName().equals(user.name());
  }

  private List<String> groups(QemuUser user) {
    return List.of(commands.run(List.of("id", "-nG", user.name())).said().strip().split(" "));
  }

  private static boolean groupExists() {
    try (var lines = Files.lines(GROUPS)) {
      return lines.anyMatch(line -> line.startsWith(GROUP + ":"));
    } catch (IOException unreadable) {
      return false;
    }
  }
}
