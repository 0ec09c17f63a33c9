package dev.ratoon.protocol.agent;

import java.util.List;
import java.util.Optional;

/**
 * All that one host shall be. Absence is not deletion: a VM that is missing here is kept and
 * reported as unknown, a base disk that is missing here stays where it is.
 *
 * @param incarnation names the database this comes from; a host refuses another one until an
 *     operator agrees
 * @param revision grows with every change; a host refuses one that is older than it has seen
 * @param bases what is to be done for base disks, beside what the VMs need
 * @param scrub how the host looks for silent corruption; empty of a server that does not say
 */
public record DesiredState(
    String incarnation,
    long revision,
    List<DesiredVm> vms,
    List<DesiredBase> bases,
    Optional<ScrubRules> scrub) {
  public DesiredState {
    vms = List.copyOf(vms);
    bases = List.copyOf(bases);
  }

  /** Of VMs alone. */
  public DesiredState(String incarnation, long revision, List<DesiredVm> vms) {
    this(incarnation, revision, vms, List.of(), Optional.empty());
  }
}
