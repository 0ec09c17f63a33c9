package dev.ratoon.protocol.agent;

import dev.ratoon.model.HostId;
import java.util.Optional;

/**
 * What a host is to do for the migration of a VM.
 *
 * @param vm as the destination shall have it; its epoch is the one that the destination gets, and
 *     names the migration
 * @param other the host at the other end
 * @param otherAddress where that host gives to others; see HostReport
 * @param grant what opens the other's door for it, in base64; see {@link
 *     dev.ratoon.protocol.fleet.MoveGrant}. Empty of a task that talks to nobody
 * @param live whether the VM moves while its guest runs; empty from a server that does not tell
 */
public record DesiredMove(
    DesiredVm vm,
    MoveTask task,
    HostId other,
    Optional<String> otherAddress,
    String grant,
    Optional<Boolean> live) {

  /** The same of a VM that is described otherwise. */
  public DesiredMove of(DesiredVm other) {
    return new DesiredMove(other, task, this.other, otherAddress, grant, live);
  }
}
