package dev.ratoon.agent.hypervisor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The user and group under which VMs run, by number: whoever makes a file that a VM writes gives it
 * to them, because the hypervisor is told to leave ownership alone.
 */
public record FileOwner(int uid, int gid) {

  /** Gives {@code file} to this owner; needs root, unless it is theirs already. */
  public void own(Path file) throws IOException {
    if (!Files.getAttribute(file, "unix:uid").equals(uid)) {
      Files.setAttribute(file, "unix:uid", uid);
    }
    if (!Files.getAttribute(file, "unix:gid").equals(gid)) {
      Files.setAttribute(file, "unix:gid", gid);
    }
  }
}
