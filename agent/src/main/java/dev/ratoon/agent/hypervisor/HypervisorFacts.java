package dev.ratoon.agent.hypervisor;

import java.util.List;
import java.util.Optional;

/**
 * What a host's hypervisor offers.
 *
 * @param version its name and version, for people
 * @param cpus processors of the host
 * @param memoryBytes memory of the host
 * @param networks libvirt networks that are active
 * @param bridges bridges of the host
 * @param uefi the firmware for UEFI guests, whose {@code vars} is the template to copy for each VM;
 *     empty if the host has none
 * @param owner whom files that a VM writes must belong to
 * @param machines the types of machine that guests may have, with their versions
 */
public record HypervisorFacts(
    String version,
    int cpus,
    long memoryBytes,
    List<String> networks,
    List<String> bridges,
    Optional<Uefi> uefi,
    Accelerator accelerator,
    FileOwner owner,
    List<String> machines) {
  public HypervisorFacts {
    networks = List.copyOf(networks);
    bridges = List.copyOf(bridges);
    machines = List.copyOf(machines);
  }

  /** Of one that does not tell its machines. */
  public HypervisorFacts(
      String version,
      int cpus,
      long memoryBytes,
      List<String> networks,
      List<String> bridges,
      Optional<Uefi> uefi,
      Accelerator accelerator,
      FileOwner owner) {
    this(version, cpus, memoryBytes, networks, bridges, uefi, accelerator, owner, List.of());
  }
}
