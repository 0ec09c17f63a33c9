package dev.ratoon.protocol.api;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.agent.FileSystemFacts;
import dev.ratoon.protocol.agent.Findings;
import dev.ratoon.protocol.agent.TransferReport;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A host.
 *
 * @param memoryReservedBytes what the VMs placed there may use
 * @param problem why it cannot run VMs just now
 * @param unknownVms domains with Ratoon's mark that this fleet does not know; kept and never
 *     touched
 * @param maintenance whether an operator keeps new VMs away
 * @param fileSystems that hold what Ratoon keeps there
 * @param transfers what has gone between it and other hosts since its agent started
 * @param findings what its agent found there that nobody asked for
 * @param limitBytesPerSecond most that it gives and most that it takes, where that is not the
 *     fleet's setting; 0 for no limit
 * @param architecture as its kernel calls it, {@code x86_64}
 * @param cpuLevel of the processors that VMs get there: 3 for x86-64-v3
 * @param draining whether an operator wants its VMs to go elsewhere; no new one comes
 * @param lowSpace that little is left on its disk, less than the setting says
 */
public record HostView(
    HostId id,
    EntityName name,
    boolean connected,
    Instant reportedAt,
    int cpus,
    long memoryBytes,
    long memoryReservedBytes,
    long diskTotalBytes,
    long diskFreeBytes,
    String accelerator,
    String hypervisor,
    List<String> networks,
    List<String> bridges,
    boolean uefi,
    int vms,
    int bases,
    Optional<Problem> problem,
    List<String> unknownVms,
    Optional<EntityName> cluster,
    List<String> tags,
    boolean maintenance,
    List<FileSystemFacts> fileSystems,
    Optional<TransferReport> transfers,
    Optional<Findings> findings,
    Optional<Long> limitBytesPerSecond,
    Optional<String> architecture,
    Optional<Integer> cpuLevel,
    boolean draining,
    Optional<Problem> lowSpace) {
  /** Of a host with room on its disk. */
  public HostView(
      HostId id,
      EntityName name,
      boolean connected,
      Instant reportedAt,
      int cpus,
      long memoryBytes,
      long memoryReservedBytes,
      long diskTotalBytes,
      long diskFreeBytes,
      String accelerator,
      String hypervisor,
      List<String> networks,
      List<String> bridges,
      boolean uefi,
      int vms,
      int bases,
      Optional<Problem> problem,
      List<String> unknownVms,
      Optional<EntityName> cluster,
      List<String> tags,
      boolean maintenance,
      List<FileSystemFacts> fileSystems,
      Optional<TransferReport> transfers,
      Optional<Findings> findings,
      Optional<Long> limitBytesPerSecond,
      Optional<String> architecture,
      Optional<Integer> cpuLevel,
      boolean draining) {
    this(
        id,
        name,
        connected,
        reportedAt,
        cpus,
        memoryBytes,
        memoryReservedBytes,
        diskTotalBytes,
        diskFreeBytes,
        accelerator,
        hypervisor,
        networks,
        bridges,
        uefi,
        vms,
        bases,
        problem,
        unknownVms,
        cluster,
        tags,
        maintenance,
        fileSystems,
        transfers,
        findings,
        limitBytesPerSecond,
        architecture,
        cpuLevel,
        draining,
        Optional.empty());
  }
}
