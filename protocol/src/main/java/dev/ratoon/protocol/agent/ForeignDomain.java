package dev.ratoon.protocol.agent;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.VmId;
import java.util.List;
import java.util.Optional;

/**
 * A libvirt domain that is none of Ratoon's, one of whose disks lies where something was adopted.
 *
 * @param id the domain's UUID, which it keeps
 * @param disks those that it writes to
 * @param obstacles why Ratoon cannot take it over; empty if it can
 * @param losses what it has now and will not have after its next start under Ratoon
 * @param variables the file of its firmware's variables, if it starts by UEFI
 */
public record ForeignDomain(
    VmId id,
    String name,
    boolean running,
    int cpus,
    long memoryBytes,
    List<Disk> disks,
    List<DesiredNic> nics,
    List<String> obstacles,
    List<String> losses,
    Optional<String> variables) {
  public ForeignDomain {
    disks = List.copyOf(disks);
    nics = List.copyOf(nics);
    obstacles = List.copyOf(obstacles);
    losses = List.copyOf(losses);
  }

  /**
   * A disk that it writes to.
   *
   * @param base the adopted parent that it is a child of
   * @param format what kind of file it is: {@code raw}, or {@code qcow2} where nothing is said
   */
  public record Disk(String path, long sizeBytes, Optional<DiskId> base, Optional<String> format) {
    public boolean isRaw() {
      return format.filter("raw"::equals).isPresent();
    }
  }
}
