package dev.ratoon.protocol.agent;

import java.util.List;

/**
 * All that one host shall be. Absence is not deletion: a VM that is missing here is kept and
 * reported as unknown.
 *
 * @param incarnation names the database this comes from; a host refuses another one until an
 *     operator agrees
 * @param revision grows with every change; a host refuses one that is older than it has seen
 * @param shares the shared caches that it uses, all of them
 */
public record DesiredState(
    String incarnation, long revision, List<DesiredVm> vms, List<DesiredShare> shares) {
  public DesiredState {
    vms = List.copyOf(vms);
    shares = List.copyOf(shares);
  }
}
