package dev.ratoon.agent.doctor;

import dev.ratoon.agent.libvirt.QemuUser;
import dev.ratoon.model.ErrorCode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The folder for bases and VMs: it exists, QEMU's user comes through to it, and it has room. */
final class FolderCheck implements Check {
  private static final long ROOM_BYTES = 1L << 30;
  private static final long PROBE_BYTES = 16L << 20;

  private final Path folder;
  private final Commands commands;

  FolderCheck(Path folder, Commands commands) {
    this.folder = folder;
    this.commands = commands;
  }

  @Override
  public String name() {
    return "folder " + folder;
  }

  @Override
  public Finding examine() {
    if (!Files.exists(folder)) {
      return new Finding.Mendable("it does not exist", "make the folder " + folder);
    }
    try {
      return examineExisting();
    } catch (IOException failed) {
      return new Finding.Beyond(
          "it cannot be used: " + failed.getMessage(), "Choose another folder.");
    }
  }

  @Override
  public void mend() {
    commands.mustRun(ErrorCode.FILE_UNWRITABLE, List.of("mkdir", "-p", folder.toString()));
  }

  private Finding examineExisting() throws IOException {
    long free = Files.getFileStore(folder).getUsableSpace();
    if (free < ROOM_BYTES) {
      return new Finding.Beyond(
          "only %d MiB are free".formatted(free >> 20), "Make room, or choose another folder.");
    }
    Optional<QemuUser> user = QemuUser.find();
    if (user.isPresent() && !reaches(user.get())) {
      return new Finding.Beyond(
          user.get().name() + " cannot enter it or a folder above it",
          "Let others pass: chmod o+x on each folder on the way, or choose another folder.");
    }
    List<String> said = new ArrayList<>(List.of(free / ROOM_BYTES + " GiB free"));
    Path probe = Files.createTempFile(folder, ".doctor", "");
    try {
      if (!keepsHoles(probe)) {
        return new Finding.Beyond(
            "its file system stores holes as zeros, so that disks take their full size",
            "Use ext4, xfs or btrfs.");
      }
      said.add(
          keepsImmutable(probe)
              ? "bases can be made immutable"
              : "no immutable flag: bases are protected by their mode alone");
    } finally {
      Files.deleteIfExists(probe);
    }
    return new Finding.Ok(String.join(", ", said));
  }

  private boolean reaches(QemuUser user) {
    var owner = user.owner();
    return commands
            .run(
                List.of(
                    "setpriv",
                    "--reuid=" + owner.uid(),
                    "--regid=" + owner.gid(),
                    "--init-groups",
                    "test",
                    "-x",
                    folder.toAbsolutePath().toString()))
            .code()
        == 0;
  }

  private boolean keepsHoles(Path probe) throws IOException {
    try (var file = new RandomAccessFile(probe.toFile(), "rw")) {
      file.setLength(PROBE_BYTES);
    }
    String blocks = commands.run(List.of("stat", "-c", "%b", probe.toString())).said().strip();
    return blocks.matches("\\d+") && Long.parseLong(blocks) * 512 < PROBE_BYTES / 2;
  }

  private boolean keepsImmutable(Path probe) {
    boolean set = commands.run(List.of("chattr", "+i", probe.toString())).code() == 0;
    if (set) {
      commands.mustRun(ErrorCode.FILE_UNWRITABLE, List.of("chattr", "-i", probe.toString()));
    }
    return set;
  }
}
