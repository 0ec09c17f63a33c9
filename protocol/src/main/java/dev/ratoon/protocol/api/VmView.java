package dev.ratoon.protocol.api;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A VM.
 *
 * @param wanted what was last asked of it: {@code running}, {@code paused}, {@code stopped} or
 *     {@code trashed}
 * @param problem why it failed
 * @param startMillis from the deploy's request to its domain running
 * @param userlandMillis from its domain running to the guest's userland being up, as its console
 *     shows
 * @param trashedUntil when the trash lets go of it
 * @param placed why its host was chosen
 * @param group of VMs that are kept apart or together, to which it belongs
 */
public record VmView(
    VmId id,
    EntityName name,
    VmState state,
    String wanted,
    Optional<EntityName> host,
    int cpus,
    long memoryBytes,
    Firmware firmware,
    RestartPolicy restart,
    List<DiskView> disks,
    List<NetworkView> networks,
    Optional<String> address,
    Optional<Integer> sshPort,
    Optional<Problem> problem,
    Instant createdAt,
    Optional<Instant> startedAt,
    Optional<Long> startMillis,
    Optional<Long> userlandMillis,
    int restarts,
    Optional<Instant> trashedUntil,
    Optional<PlacedView> placed,
    Optional<EntityName> group) {

  /** A network card. */
  public record NetworkView(NetworkAttachment network, String mac) {}
}
