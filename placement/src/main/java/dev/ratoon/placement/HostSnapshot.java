package dev.ratoon.placement;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A host at one moment, as far as placement needs it.
 *
 * @param cluster and {@code tags}: where operators say that it belongs
 */
public record HostSnapshot(
    HostId id,
    EntityName name,
    Optional<EntityName> cluster,
    Set<String> tags,
    Standing standing,
    Abilities abilities,
    Room room,
    Bases bases) {
  public HostSnapshot {
    tags = Set.copyOf(tags);
  }

  /**
   * Whether it takes VMs at all.
   *
   * @param connected whether its agent reports
   * @param maintenance whether an operator keeps new VMs away
   * @param draining whether its VMs are to go elsewhere
   * @param problem why its hypervisor cannot start VMs
   */
  public record Standing(
      boolean connected, boolean maintenance, boolean draining, Optional<Problem> problem) {
    public static final Standing READY = new Standing(true, false, false, Optional.empty());
  }

  /**
   * What it can do. What a host does not tell is empty: a VM that asks for it does not go there.
   *
   * @param architecture as the kernel calls it, {@code x86_64}
   * @param cpuLevel of its processors: 2 for x86-64-v2
   * @param accelerator {@code kvm} or {@code tcg}
   */
  public record Abilities(
      Optional<String> architecture,
      Optional<Integer> cpuLevel,
      String accelerator,
      boolean uefi,
      Set<String> networks,
      Set<String> bridges) {
    public Abilities {
      networks = Set.copyOf(networks);
      bridges = Set.copyOf(bridges);
    }
  }

  /**
   * What it has, and what of that is promised.
   *
   * @param cpus processors; no VM has more of them
   * @param cpuPromises how many processors VMs may be promised in all
   * @param cpusReserved how many they have been promised
   * @param memoryBytes what VMs may be promised in all, over-commitment included
   * @param memoryReservedBytes what they have been promised
   * @param diskBytes the size of the disk where overlays and bases are kept
   * @param diskFreeBytes what is free there
   * @param diskReservedBytes how much of that is promised to deploys under way, and to the base
   *     disks that come for them
   * @param vms how many it has
   * @param starting how many of them wait to be started
   */
  public record Room(
      int cpus,
      long cpuPromises,
      long cpusReserved,
      long memoryBytes,
      long memoryReservedBytes,
      long diskBytes,
      long diskFreeBytes,
      long diskReservedBytes,
      int vms,
      int starting) {
    long memoryLeft() {
      return memoryBytes - memoryReservedBytes;
    }

    long diskLeft() {
      return diskFreeBytes - diskReservedBytes;
    }

    long cpusLeft() {
      return Math.min(cpus, cpuPromises - cpusReserved);
    }
  }

  /**
   * Base disks there, and how fast others come.
   *
   * @param ready what its own cache and its shares hold
   * @param coming what is on its way, or has to come for deploys under way, and how many bytes of
   *     it are still to come
   * @param bytesPerSecond what it can fetch, as measured; 0 where nothing was
   * @param givesBytesPerSecond what it can give to others, as measured; 0 where nothing was
   */
  public record Bases(
      Set<DiskId> ready, Map<DiskId, Long> coming, long bytesPerSecond, long givesBytesPerSecond) {
    public Bases {
      ready = Set.copyOf(ready);
      coming = Map.copyOf(coming);
    }
  }
}
