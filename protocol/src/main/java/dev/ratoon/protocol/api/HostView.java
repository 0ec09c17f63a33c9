package dev.ratoon.protocol.api;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A host.
 *
 * @param memoryReservedBytes what the VMs placed there may use
 * @param problem why it cannot run VMs just now
 * @param unknownVms domains with Ratoon's mark that this fleet does not know; kept and never
 *     touched
 * @param maintenance whether an operator keeps new VMs away
 */
public record HostView(
    HostId id,
    EntityName name,
    boolean connected,
    Instant reportedAt,
    int cpus,
    long memoryBytes,
    long memoryReservedBytes,
    long diskTotalBytes,
    long diskFreeBytes,
    String accelerator,
    String hypervisor,
    List<String> networks,
    List<String> bridges,
    boolean uefi,
    int vms,
    int bases,
    Optional<Problem> problem,
    List<String> unknownVms,
    Optional<EntityName> cluster,
    List<String> tags,
    boolean maintenance) {}
