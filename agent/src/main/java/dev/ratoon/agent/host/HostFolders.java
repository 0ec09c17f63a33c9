package dev.ratoon.agent.host;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.VmId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/**
 * Where the agent keeps things under its home.
 *
 * @param home a folder that QEMU's user may pass through
 */
public record HostFolders(Path home) {

  /** The agent's own records. */
  public Path agent() {
    return home.resolve("agent");
  }

  /** One folder for each VM. */
  public Path vms() {
    return home.resolve("vms");
  }

  /** One folder for each deleted VM. */
  public Path trash() {
    return home.resolve("trash");
  }

  /** Where disks of VMs may lie, too. */
  public DiskFolders elsewhere() {
    return new DiskFolders(home);
  }

  public Path vm(VmId id) {
    return vms().resolve(id.toString());
  }

  public Path trashed(VmId id) {
    return trash().resolve(id.toString());
  }

  /**
   * These folders, made where they were missing, with the rights that they have to have.
   *
   * @throws dev.ratoon.model.RatoonException {@code file-unwritable}
   */
  public HostFolders prepared() {
    for (Path folder : List.of(agent(), vms(), trash())) {
      try {
        Files.createDirectories(folder);
        boolean forGuests = !folder.equals(agent());
        Files.setPosixFilePermissions(
            folder, PosixFilePermissions.fromString(forGuests ? "rwx--x--x" : "rwx------"));
      } catch (IOException failed) {
        throw Problem.of(ErrorCode.FILE_UNWRITABLE, "preparing the folder " + folder)
            .detail(String.valueOf(failed.getMessage()))
            .next("Ratoon needs to run as root, and its home to be writable.")
            .asException(failed);
      }
    }
    return this;
  }
}
