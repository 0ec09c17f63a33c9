package dev.ratoon.protocol.agent;

import dev.ratoon.model.CloudInit;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.model.VmId;
import java.util.List;
import java.util.Optional;

/**
 * A VM as its host shall keep it.
 *
 * @param epoch counts the VM's owners: a host leaves a VM alone whose epoch is older than one it
 *     has seen
 * @param powerRevision counts the requests to start or stop it. A VM that ended by itself is
 *     started again by its restart policy, or by a request of a newer revision
 * @param stopGraceSeconds how long the guest may take to shut down before it is switched off; 0
 *     switches it off at once
 * @param disks the first is the one it boots from
 * @param takeOver the files that are its disks already, in their order, because it was a libvirt
 *     domain of this id before it became a VM, and after them that of its firmware's variables if
 *     it starts by UEFI; empty for a VM that Ratoon makes
 * @param layering what is to be done once to its disks
 * @param variables a base disk with what its firmware's variables are at first; without one the
 *     firmware's own
 */
public record DesiredVm(
    VmId id,
    String tenant,
    EntityName name,
    long epoch,
    DesiredPower power,
    long powerRevision,
    int stopGraceSeconds,
    int cpus,
    long memoryBytes,
    Firmware firmware,
    RestartPolicy restart,
    List<DesiredDisk> disks,
    List<DesiredNic> nics,
    CloudInit cloudInit,
    List<String> takeOver,
    Optional<DesiredLayering> layering,
    Optional<DiskId> variables) {
  public DesiredVm {
    takeOver = List.copyOf(takeOver);
    disks = List.copyOf(disks);
    nics = List.copyOf(nics);
  }

  /** A VM that Ratoon makes. */
  public DesiredVm(
      VmId id,
      String tenant,
      EntityName name,
      long epoch,
      DesiredPower power,
      long powerRevision,
      int stopGraceSeconds,
      int cpus,
      long memoryBytes,
      Firmware firmware,
      RestartPolicy restart,
      List<DesiredDisk> disks,
      List<DesiredNic> nics,
      CloudInit cloudInit) {
    this(
        id,
        tenant,
        name,
        epoch,
        power,
        powerRevision,
        stopGraceSeconds,
        cpus,
        memoryBytes,
        firmware,
        restart,
        disks,
        nics,
        cloudInit,
        List.of());
  }

  /** A VM whose disks are to be left as they are. */
  public DesiredVm(
      VmId id,
      String tenant,
      EntityName name,
      long epoch,
      DesiredPower power,
      long powerRevision,
      int stopGraceSeconds,
      int cpus,
      long memoryBytes,
      Firmware firmware,
      RestartPolicy restart,
      List<DesiredDisk> disks,
      List<DesiredNic> nics,
      CloudInit cloudInit,
      List<String> takeOver) {
    this(
        id,
        tenant,
        name,
        epoch,
        power,
        powerRevision,
        stopGraceSeconds,
        cpus,
        memoryBytes,
        firmware,
        restart,
        disks,
        nics,
        cloudInit,
        takeOver,
        Optional.empty(),
        Optional.empty());
  }

  /** The same VM as if nobody had said where the files of its disks lie. */
  public DesiredVm anywhere() {
    return disks.stream().allMatch(disk -> disk.folder().isEmpty())
        ? this
        : withDisks(disks.stream().map(disk -> disk.lying(Optional.empty())).toList());
  }

  /** The same VM with its disks as they stand now. */
  public DesiredVm withDisks(List<DesiredDisk> standing) {
    return new DesiredVm(
        id,
        tenant,
        name,
        epoch,
        power,
        powerRevision,
        stopGraceSeconds,
        cpus,
        memoryBytes,
        firmware,
        restart,
        standing,
        nics,
        cloudInit,
        takeOver,
        layering,
        variables);
  }
}
