package dev.ratoon.protocol.agent;

import java.util.List;

/**
 * All that one host shall be. Absence is not deletion: a VM that is missing here is kept and
 * reported as unknown, a base disk that is missing here stays where it is.
 *
 * @param incarnation names the database this comes from; a host refuses another one until an
 *     operator agrees
 * @param revision grows with every change; a host refuses one that is older than it has seen
 * @param bases what is to be done for base disks, beside what the VMs need
 */
public record DesiredState(String incarnation, long revision, List<DesiredVm> vms, List<DesiredBase> bases) {
  public DesiredState {
    vms = List.copyOf(vms);
    bases = List.copyOf(bases);
  }
}
