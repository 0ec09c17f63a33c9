package dev.ratoon.agent.hypervisor;

import dev.ratoon.model.VmId;
import java.nio.file.Path;
import java.util.List;

/**
 * A domain as the hypervisor has it.
 *
 * @param epoch with which it was started
 * @param tenant with which it was started
 * @param reason why it is in that state, in the hypervisor's words; may be empty
 * @param overlays the files that it writes, one for each disk
 */
public record DomainStatus(
    VmId id, long epoch, String tenant, DomainState state, String reason, List<Path> overlays) {
  public DomainStatus {
    overlays = List.copyOf(overlays);
  }
}
