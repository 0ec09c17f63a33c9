package dev.ratoon.agent.hypervisor;

import dev.ratoon.agent.hypervisor.DomainSpec.DomainNic;
import dev.ratoon.model.VmId;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A domain of the hypervisor's that does not carry Ratoon's mark: somebody else's, running or only
 * defined.
 *
 * @param id its UUID
 * @param disks the files that it writes
 * @param obstacles why Ratoon could not keep it as a VM, each a whole sentence; empty if it could
 * @param losses what it has and would lose at its next start as a VM, in a few words
 * @param variables the file of its firmware's variables, if it starts by UEFI
 */
public record OtherDomain(
    VmId id,
    String name,
    boolean running,
    int cpus,
    long memoryBytes,
    List<OtherDisk> disks,
    List<DomainNic> nics,
    List<String> obstacles,
    List<String> losses,
    Optional<Path> variables) {
  public OtherDomain {
    disks = List.copyOf(disks);
    nics = List.copyOf(nics);
    obstacles = List.copyOf(obstacles);
    losses = List.copyOf(losses);
  }

  /** The same with more reasons why it could not be kept. */
  public OtherDomain withObstacles(List<String> more) {
    List<String> all = new ArrayList<>(obstacles);
    all.addAll(more);
    return new OtherDomain(
        id, name, running, cpus, memoryBytes, disks, nics, all, losses, variables);
  }

  /**
   * A file that it writes.
   *
   * @param format as the hypervisor calls it
   */
  public record OtherDisk(Path path, String format) {}
}
