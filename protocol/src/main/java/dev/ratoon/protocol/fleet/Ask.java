package dev.ratoon.protocol.fleet;

import dev.ratoon.model.DiskPart;
import dev.ratoon.model.VmId;
import java.util.Optional;

/**
 * Something that the server wants to look at on a host. Agents connect outward alone, so it waits
 * until the agent fetches it, and is answered by a request of the agent's.
 *
 * @param id one that nobody can guess; names the answer
 */
public record Ask(String id, Optional<Console> console, Optional<Disk> disk) {

  /** See {@link dev.ratoon.protocol.agent.AgentLink#console}. */
  public record Console(VmId vm, long offset, long waitMillis) {}

  /** See {@link dev.ratoon.protocol.agent.AgentLink#disk}. */
  public record Disk(VmId vm, int disk, DiskPart part, boolean packed) {}
}
