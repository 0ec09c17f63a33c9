package dev.ratoon.placement;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.HostId;
import dev.ratoon.model.NetworkAttachment;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a VM needs of the host that it goes to.
 *
 * @param diskBytes what its own disks take at first: a little for each child, the whole of each
 *     copy
 * @param copiedBytes what is copied of base disks for disks that are no children of them
 * @param bases the base disks that its disks are made on or from, and what each takes on a host
 *     that does not have it yet
 * @param wishes where it may go
 */
public record VmNeeds(
    int cpus,
    long memoryBytes,
    long diskBytes,
    long copiedBytes,
    Firmware firmware,
    List<NetworkAttachment> networks,
    Map<DiskId, Long> bases,
    Wishes wishes) {
  public VmNeeds {
    networks = List.copyOf(networks);
    bases = Map.copyOf(bases);
  }

  /** The same VM, but on this host. */
  public VmNeeds on(HostId host) {
    return with(wishes.on(Set.of(host)));
  }

  /** The same VM as if it belonged to no group. */
  public VmNeeds apartFromGroups() {
    return with(wishes.withoutGroup());
  }

  /** The same VM, elsewhere. */
  VmNeeds with(Wishes others) {
    return new VmNeeds(
        cpus, memoryBytes, diskBytes, copiedBytes, firmware, networks, bases, others);
  }
}
