package dev.ratoon.agent.host;

import dev.ratoon.model.VmId;
import java.nio.file.Path;

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

  public Path vm(VmId id) {
    return vms().resolve(id.toString());
  }

  public Path trashed(VmId id) {
    return trash().resolve(id.toString());
  }
}
