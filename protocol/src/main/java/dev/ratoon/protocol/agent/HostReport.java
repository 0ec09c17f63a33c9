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
 * @param cpus processors that guests can use
 * @param diskFreeBytes what is free where the agent keeps bases and overlays
 * @param accelerator {@code kvm}, or {@code tcg} for software emulation
 * @param hypervisorProblem why the hypervisor cannot be used just now
 * @param unknownVms domains that carry Ratoon's mark and of which the desired state does not speak:
 *     kept, never touched
 * @param chunkAddress where it gives base disks to other hosts, "host:port"; without a host, on the
 *     machine of its server
 */
public record HostReport(
    HostId id,
    EntityName name,
    String incarnation,
    long revision,
    int cpus,
    long memoryBytes,
    long diskTotalBytes,
    long diskFreeBytes,
    String accelerator,
    String hypervisor,
    Optional<Problem> hypervisorProblem,
    List<String> networks,
    List<String> bridges,
    boolean uefi,
    List<ReplicaReport> replicas,
    List<VmReport> vms,
    List<String> unknownVms,
    Optional<String> chunkAddress) {
  public HostReport {
    networks = List.copyOf(networks);
    bridges = List.copyOf(bridges);
    replicas = List.copyOf(replicas);
    vms = List.copyOf(vms);
    unknownVms = List.copyOf(unknownVms);
  }
}
