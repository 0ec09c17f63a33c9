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
 * @param lineage which history it belongs to; empty of a server that does not say
 * @param limits how much the host may move; empty of a server that does not say
 * @param shares the shared caches that it uses, all of them
 * @param adoptions what it shall do with disks of operators'; one that is missing is left as it is
 */
public record DesiredState(
    String incarnation,
    long revision,
    List<DesiredVm> vms,
    List<DesiredBase> bases,
    Optional<ScrubRules> scrub,
    Optional<Lineage> lineage,
    Optional<TransferLimits> limits,
    List<DesiredShare> shares,
    List<DesiredAdoption> adoptions) {
  public DesiredState {
    vms = List.copyOf(vms);
    bases = List.copyOf(bases);
    shares = List.copyOf(shares);
    adoptions = List.copyOf(adoptions);
  }

  /** The same, but for what is to be done for base disks. */
  public DesiredState withBases(List<DesiredBase> others) {
    return new DesiredState(
        incarnation, revision, vms, others, scrub, lineage, limits, shares, adoptions);
  }

  /** Of VMs alone. */
  public DesiredState(String incarnation, long revision, List<DesiredVm> vms) {
    this(
        incarnation,
        revision,
        vms,
        List.of(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        List.of());
  }
}
