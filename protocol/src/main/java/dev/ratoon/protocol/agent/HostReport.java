package dev.ratoon.protocol.agent;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import java.util.List;
import java.util.Optional;

/**
 * A host as its agent finds it. Replicas and VMs are complete lists.
 *
 * @param revision the desired state that the agent has taken up; 0 while it has not yet looked at
 *     every VM of it
 * @param hypervisorProblem why the hypervisor cannot be used just now
 * @param unknownVms domains that carry Ratoon's mark and of which the desired state does not speak:
 *     kept, never touched
 * @param chunkAddress where it gives base disks to other hosts, "host:port"; without a host, on the
 *     machine of its server
 * @param bases how far it is with each base disk of its desired state
 * @param transfers what has gone between it and other hosts; empty if it has nothing to do with any
 * @param findings what else it found; empty of an agent that does not look
 * @param shares the shared caches that it uses, as it finds them
 * @param adopted what it has found of operators' disks; empty while it has not looked
 */
public record HostReport(
    HostId id,
    EntityName name,
    String incarnation,
    long revision,
    HostFacts facts,
    Optional<Problem> hypervisorProblem,
    List<ReplicaReport> replicas,
    List<VmReport> vms,
    List<String> unknownVms,
    Optional<String> chunkAddress,
    List<BaseReport> bases,
    Optional<TransferReport> transfers,
    Optional<Findings> findings,
    List<ShareReport> shares,
    Optional<AdoptedReport> adopted) {
  public HostReport {
    replicas = List.copyOf(replicas);
    vms = List.copyOf(vms);
    unknownVms = List.copyOf(unknownVms);
    bases = List.copyOf(bases);
    shares = List.copyOf(shares);
  }

  /** The same with other replicas. */
  public HostReport with(List<ReplicaReport> others) {
    return new HostReport(
        id,
        name,
        incarnation,
        revision,
        facts,
        hypervisorProblem,
        others,
        vms,
        unknownVms,
        chunkAddress,
        bases,
        transfers,
        findings,
        shares,
        adopted);
  }

  /** Without what changes all the time or is kept elsewhere. */
  public HostReport lasting() {
    return new HostReport(
        id,
        name,
        incarnation,
        0,
        facts.lasting(),
        Optional.empty(),
        List.of(),
        List.of(),
        List.of(),
        chunkAddress,
        List.of(),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        Optional.empty());
  }
}
