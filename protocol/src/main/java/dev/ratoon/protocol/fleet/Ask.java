package dev.ratoon.protocol.fleet;

import dev.ratoon.model.DiskPart;
import dev.ratoon.model.VmId;
import java.util.Optional;

/**
 * Something that the server wants to look at on a host. Agents connect outward alone, so it waits
 * until the agent fetches it, and is answered by a request of the agent's.
 *
 * @param id one that nobody can guess; names the answer
 * @param answerTo the address of the server that waits for the answer, if that is another than the
 *     one that was asked for this
 */
public record Ask(
    String id, Optional<Console> console, Optional<Disk> disk, Optional<String> answerTo) {

  /** The same, of another server. */
  public Ask answeredTo(String server) {
    return new Ask(id, console, disk, Optional.of(server));
  }

  /** See {@link dev.ratoon.protocol.agent.AgentLink#console}. */
  public record Console(VmId vm, long offset, long waitMillis) {}

  /** See {@link dev.ratoon.protocol.agent.AgentLink#disk}. */
  public record Disk(VmId vm, int disk, DiskPart part, boolean packed) {}
}
