package dev.ratoon.protocol.agent;

import java.util.List;
import java.util.Optional;

/**
 * What a host has and can do.
 *
 * @param cpus processors that guests can use
 * @param diskFreeBytes what is free where the agent keeps bases and overlays
 * @param accelerator {@code kvm}, or {@code tcg} for software emulation; {@link #RUNS_NO_VMS} of a
 *     machine that is not there for that
 * @param hypervisor its name and version
 * @param fileSystems that hold Ratoon's files
 * @param architecture as the kernel calls it, {@code x86_64}; empty of an agent that does not tell
 * @param cpuLevel of the processors that guests are given: 3 for x86-64-v3; empty where that is not
 *     known
 * @param cacheFolder where its own cache lies; empty of an agent that does not tell
 * @param machines the types of machine that its hypervisor has, with their versions; empty of an
 *     agent that does not tell
 * @param diskFolders where disks of VMs may lie: first the one with the folders of all VMs; empty
 *     of an agent that does not tell
 */
public record HostFacts(
    int cpus,
    long memoryBytes,
    long diskTotalBytes,
    long diskFreeBytes,
    String accelerator,
    String hypervisor,
    List<String> networks,
    List<String> bridges,
    boolean uefi,
    List<FileSystemFacts> fileSystems,
    Optional<String> architecture,
    Optional<Integer> cpuLevel,
    Optional<String> cacheFolder,
    List<String> machines,
    List<String> diskFolders) {
  /** The accelerator of a machine that keeps base disks for others and runs no VMs. */
  public static final String RUNS_NO_VMS = "none";

  public HostFacts {
    networks = List.copyOf(networks);
    bridges = List.copyOf(bridges);
    fileSystems = List.copyOf(fileSystems);
    machines = List.copyOf(machines);
    diskFolders = List.copyOf(diskFolders);
  }

  /** Of a host that does not tell what its processors are. */
  public HostFacts(
      int cpus,
      long memoryBytes,
      long diskTotalBytes,
      long diskFreeBytes,
      String accelerator,
      String hypervisor,
      List<String> networks,
      List<String> bridges,
      boolean uefi,
      List<FileSystemFacts> fileSystems) {
    this(
        cpus,
        memoryBytes,
        diskTotalBytes,
        diskFreeBytes,
        accelerator,
        hypervisor,
        networks,
        bridges,
        uefi,
        fileSystems,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        List.of());
  }

  /** Without what changes all the time. */
  public HostFacts lasting() {
    return new HostFacts(
        cpus,
        memoryBytes,
        diskTotalBytes,
        0,
        accelerator,
        hypervisor,
        networks,
        bridges,
        uefi,
        fileSystems.stream().map(FileSystemFacts::lasting).toList(),
        architecture,
        cpuLevel,
        cacheFolder,
        machines,
        diskFolders);
  }
}
