package dev.ratoon.protocol.agent;

import java.util.List;

/**
 * What a host has and can do.
 *
 * @param cpus processors that guests can use
 * @param diskFreeBytes what is free where the agent keeps bases and overlays
 * @param accelerator {@code kvm}, or {@code tcg} for software emulation
 * @param hypervisor its name and version
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
    boolean uefi) {
  public HostFacts {
    networks = List.copyOf(networks);
    bridges = List.copyOf(bridges);
  }

  /** Without what changes all the time. */
  public HostFacts lasting() {
    return new HostFacts(
        cpus, memoryBytes, diskTotalBytes, 0, accelerator, hypervisor, networks, bridges, uefi);
  }
}
