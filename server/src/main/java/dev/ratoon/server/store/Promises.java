package dev.ratoon.server.store;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import java.util.Map;

/**
 * What hosts have been promised to.
 *
 * @param memoryBytes to the VMs of each host
 * @param diskBytes to the files of deploys under way
 * @param bases the base disks of deploys under way, and what each takes in a cache
 */
public record Promises(
    Map<HostId, Long> memoryBytes,
    Map<HostId, Long> diskBytes,
    Map<HostId, Map<DiskId, Long>> bases) {
  public Promises {
    memoryBytes = Map.copyOf(memoryBytes);
    diskBytes = Map.copyOf(diskBytes);
    bases = Map.copyOf(bases);
  }
}
