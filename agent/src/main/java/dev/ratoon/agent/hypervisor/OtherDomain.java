package dev.ratoon.agent.hypervisor;

import dev.ratoon.agent.hypervisor.DomainSpec.DomainNic;
import dev.ratoon.model.VmId;
import java.nio.file.Path;
import java.util.List;

/**
 * A domain of the hypervisor's that does not carry Ratoon's mark: somebody else's, running or only
 * defined.
 *
 * @param id its UUID
 * @param disks the files that it writes
 * @param obstacles why Ratoon could not keep it as a VM, each a whole sentence; empty if it could
 * @param losses what it has that a VM of Ratoon's does not have, in the hypervisor's words
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
    List<String> losses) {
  public OtherDomain {
    disks = List.copyOf(disks);
    nics = List.copyOf(nics);
    obstacles = List.copyOf(obstacles);
    losses = List.copyOf(losses);
  }

  /**
   * A file that it writes.
   *
   * @param format as the hypervisor calls it
   */
  public record OtherDisk(Path path, String format) {}
}
