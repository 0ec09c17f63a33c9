package dev.ratoon.protocol.agent;

import java.util.List;

/**
 * All that one host shall be. Absence is not deletion: a VM that is missing here is kept and
 * reported as unknown.
 *
 * @param incarnation names the database this comes from; a host refuses another one until an
 *     operator agrees
 * @param revision grows with every change; a host refuses one that is older than it has seen
 * @param adoptions what it shall do with disks of operators'; one that is missing is left as it is
 */
public record DesiredState(
    String incarnation, long revision, List<DesiredVm> vms, List<DesiredAdoption> adoptions) {
  public DesiredState {
    vms = List.copyOf(vms);
    adoptions = List.copyOf(adoptions);
  }

  /** Of a host that has adopted nothing. */
  public DesiredState(String incarnation, long revision, List<DesiredVm> vms) {
    this(incarnation, revision, vms, List.of());
  }
}
