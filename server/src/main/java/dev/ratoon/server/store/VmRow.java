package dev.ratoon.server.store;

import dev.ratoon.model.CloudInit;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.HostId;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredNic;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.protocol.api.PlacedView;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A VM as the server keeps it: what is wanted of it.
 *
 * @param desiredRevision of its host's desired state, when this VM's part of it last changed
 * @param diskBytes what its disks were reckoned to take when it was placed
 * @param trashedAt when it was deleted
 * @param firstStartedAt when its domain ran for the first time
 * @param observed its host's last report that was worth keeping
 */
public record VmRow(
    VmId id,
    String tenant,
    EntityName name,
    HostId host,
    long epoch,
    DesiredPower power,
    long powerRevision,
    long desiredRevision,
    int stopGraceSeconds,
    Spec spec,
    long diskBytes,
    Instant createdAt,
    Optional<Instant> trashedAt,
    Optional<Instant> firstStartedAt,
    Optional<VmReport> observed) {

  /**
   * What the VM is made of; never changes.
   *
   * @param takeOver the files that were its disks before it became a VM; see DesiredVm
   * @param placed why its host was chosen
   * @param group of VMs that are kept apart or together, to which it belongs
   */
  public record Spec(
      int cpus,
      long memoryBytes,
      Firmware firmware,
      RestartPolicy restart,
      List<Disk> disks,
      List<DesiredNic> nics,
      CloudInit cloudInit,
      List<String> takeOver,
      Optional<PlacedView> placed,
      Optional<EntityName> group) {
    public Spec {
      disks = List.copyOf(disks);
      nics = List.copyOf(nics);
      takeOver = List.copyOf(takeOver);
    }

    /** The base disks that its disks are made from. */
    public Stream<DiskId> bases() {
      return disks.stream().flatMap(disk -> disk.made().base().stream()).distinct();
    }
  }

  /**
   * A disk.
   *
   * @param image the name by which the user asked for its content
   */
  public record Disk(Optional<ImageRef> image, DesiredDisk made) {}

  /** The same VM with something else wanted of it. */
  public VmRow wanting(
      DesiredPower wanted, int graceSeconds, long revision, Optional<Instant> trashed) {
    return new VmRow(
        id,
        tenant,
        name,
        host,
        epoch,
        wanted,
        powerRevision + 1,
        revision,
        graceSeconds,
        spec,
        diskBytes,
        createdAt,
        trashed,
        firstStartedAt,
        observed);
  }

  /** The same VM, owned by this host under a newer epoch. */
  public VmRow ownedBy(
      HostId owner, long newer, DesiredPower wanted, long askedRevision, long revision) {
    return new VmRow(
        id,
        tenant,
        name,
        owner,
        newer,
        wanted,
        askedRevision,
        revision,
        0,
        spec,
        diskBytes,
        createdAt,
        trashedAt,
        firstStartedAt,
        observed);
  }

  /** The same VM, as if so much had been asked of it: what is wanted stays. */
  public VmRow askedUpTo(long seenRevision) {
    return new VmRow(
        id,
        tenant,
        name,
        host,
        epoch,
        power,
        Math.max(powerRevision, seenRevision),
        desiredRevision,
        stopGraceSeconds,
        spec,
        diskBytes,
        createdAt,
        trashedAt,
        firstStartedAt,
        observed);
  }

  /** The same VM after a report that was kept. */
  public VmRow seenAs(VmReport report) {
    return new VmRow(
        id,
        tenant,
        name,
        host,
        epoch,
        power,
        powerRevision,
        desiredRevision,
        stopGraceSeconds,
        spec,
        diskBytes,
        createdAt,
        trashedAt,
        firstStartedAt.or(report::startedAt),
        Optional.of(report));
  }

  public boolean trashed() {
    return power == DesiredPower.TRASHED || power == DesiredPower.PURGED;
  }

  /** Its part of the host's desired state. */
  public DesiredVm desired() {
    return new DesiredVm(
        id,
        tenant,
        name,
        epoch,
        power,
        powerRevision,
        stopGraceSeconds,
        spec.cpus(),
        spec.memoryBytes(),
        spec.firmware(),
        spec.restart(),
        spec.disks().stream().map(Disk::made).toList(),
        spec.nics(),
        spec.cloudInit(),
        spec.takeOver());
  }
}
