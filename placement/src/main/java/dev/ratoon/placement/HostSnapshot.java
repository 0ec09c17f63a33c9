package dev.ratoon.placement;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A host at one moment, as far as placement needs it.
 *
 * @param connected whether its agent reports
 * @param maintenance whether an operator keeps new VMs away
 * @param problem why its hypervisor cannot start VMs
 * @param memoryBytes what VMs may be promised in all, over-commitment included
 * @param memoryReservedBytes what they have been promised
 * @param diskFreeBytes what is free where overlays and bases are kept
 * @param diskReservedBytes how much of that is promised to deploys under way, and to the base disks
 *     that come for them
 * @param bases base disks that its cache holds ready
 * @param coming base disks that are on their way there, or have to come for deploys under way
 */
public record HostSnapshot(
    HostId id,
    EntityName name,
    boolean connected,
    boolean maintenance,
    Optional<Problem> problem,
    int cpus,
    long memoryBytes,
    long memoryReservedBytes,
    long diskFreeBytes,
    long diskReservedBytes,
    Set<String> networks,
    Set<String> bridges,
    boolean uefi,
    Set<DiskId> bases,
    Set<DiskId> coming) {
  public HostSnapshot {
    networks = Set.copyOf(networks);
    bridges = Set.copyOf(bridges);
    bases = Set.copyOf(bases);
    coming = Set.copyOf(coming);
  }

  /** The same host after a VM with these needs was placed on it. */
  HostSnapshot with(VmNeeds needs) {
    Set<DiskId> comingThen = new HashSet<>(coming);
    comingThen.addAll(needs.bases().keySet());
    comingThen.removeAll(bases);
    return new HostSnapshot(
        id,
        name,
        connected,
        maintenance,
        problem,
        cpus,
        memoryBytes,
        memoryReservedBytes + needs.memoryBytes(),
        diskFreeBytes,
        diskReservedBytes + diskBytes(needs),
        networks,
        bridges,
        uefi,
        bases,
        comingThen);
  }

  /** What such a VM takes of the disk here: its own files, and the bases that have to come. */
  long diskBytes(VmNeeds needs) {
    return needs.diskBytes()
        + needs.bases().entrySet().stream()
            .filter(base -> !bases.contains(base.getKey()) && !coming.contains(base.getKey()))
            .mapToLong(Map.Entry::getValue)
            .sum();
  }

  long memoryLeft() {
    return memoryBytes - memoryReservedBytes;
  }

  long diskLeft() {
    return diskFreeBytes - diskReservedBytes;
  }
}
