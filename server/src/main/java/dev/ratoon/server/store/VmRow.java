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
import dev.ratoon.protocol.agent.DesiredLayering;
import dev.ratoon.protocol.agent.DesiredNic;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.protocol.api.CloneRequest;
import dev.ratoon.protocol.api.PlaceRequest;
import dev.ratoon.protocol.api.PlacedView;
import java.time.Instant;
import java.util.ArrayList;
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
   * What the VM is made of. Only its disks' layers change, and what belongs to these.
   *
   * @param takeOver the files that were its disks before it became a VM; see DesiredVm
   * @param placed why its host was chosen
   * @param group of VMs that are kept apart or together, to which it belongs
   * @param snapshots the oldest first
   * @param layering what is being done to its disks
   * @param variables a base disk with what its firmware's variables were at first
   * @param asked where its owner let it go when it was made; what of that holds for ever is in
   *     MoveRules
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
      Optional<EntityName> group,
      List<Snapshot> snapshots,
      Optional<Layering> layering,
      Optional<DiskId> variables,
      Optional<PlaceRequest> asked) {
    public Spec {
      disks = List.copyOf(disks);
      nics = List.copyOf(nics);
      takeOver = List.copyOf(takeOver);
      snapshots = List.copyOf(snapshots);
    }

    /** Of a VM to whose disks nothing was done. */
    public Spec(
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
      this(
          cpus,
          memoryBytes,
          firmware,
          restart,
          disks,
          nics,
          cloudInit,
          takeOver,
          placed,
          group,
          List.of(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty());
    }

    /** The base disks that its disks, or its snapshots, stand on or were made from. */
    public Stream<DiskId> bases() {
      return Stream.of(
              disks.stream().flatMap(disk -> disk.made().base().stream()),
              snapshots.stream().flatMap(Snapshot::bases),
              layering.stream().flatMap(Layering::bases),
              variables.stream())
          .flatMap(each -> each)
          .distinct();
    }

    /** The same with disks as they stand now. */
    public Spec standing(List<DesiredDisk> now) {
      List<Disk> standing = new ArrayList<>();
      for (int i = 0; i < disks.size(); i++) {
        standing.add(i < now.size() ? new Disk(disks.get(i).image(), now.get(i)) : disks.get(i));
      }
      return with(standing, snapshots, layering);
    }

    /** The same with other disks. */
    public Spec withDisks(List<Disk> others) {
      return with(others, snapshots, layering);
    }

    /** The same as a clone, of whose disks something is to be made. */
    public Spec asClone(Optional<Layering> wanted, Optional<DiskId> first) {
      return new Spec(
          cpus,
          memoryBytes,
          firmware,
          restart,
          disks,
          nics,
          cloudInit,
          takeOver,
          placed,
          group,
          snapshots,
          wanted,
          first,
          asked);
    }

    /** The same with other snapshots. */
    public Spec withSnapshots(List<Snapshot> others) {
      return with(disks, others, layering);
    }

    /** The same with something, or nothing, to be done to its disks. */
    public Spec withLayering(Optional<Layering> wanted) {
      return with(disks, snapshots, wanted);
    }

    private Spec with(List<Disk> standing, List<Snapshot> remembered, Optional<Layering> wanted) {
      return new Spec(
          cpus,
          memoryBytes,
          firmware,
          restart,
          standing,
          nics,
          cloudInit,
          takeOver,
          placed,
          group,
          remembered,
          wanted,
          variables,
          asked);
    }
  }

  /**
   * What the VM's disks were at some moment.
   *
   * @param disks what they stood on
   * @param variables a base disk with its firmware's variables
   * @param quiesced whether the guest's file systems were at rest
   */
  public record Snapshot(
      EntityName name,
      Instant at,
      boolean quiesced,
      List<DesiredDisk> disks,
      Optional<DiskId> variables) {
    public Snapshot {
      disks = List.copyOf(disks);
    }

    Stream<DiskId> bases() {
      return Stream.concat(
          disks.stream().flatMap(disk -> disk.base().stream()), variables.stream());
    }
  }

  /**
   * What is being done to the VM's disks, and what is to follow.
   *
   * @param image the name that its disk is to get in the library
   * @param snapshot the name under which its state is to be remembered
   * @param clones what is to be made on its frozen disks
   * @param source what its first disk is called from then on
   */
  public record Layering(
      DesiredLayering wish,
      Optional<ImageWish> image,
      Optional<EntityName> snapshot,
      Optional<CloneRequest> clones,
      Optional<ImageRef> source) {

    /** Something that nothing is to follow. */
    public static Layering of(DesiredLayering wish) {
      return new Layering(
          wish, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
    }

    Stream<DiskId> bases() {
      return Stream.concat(
          wish.disks().stream().flatMap(disk -> disk.base().stream()), wish.variables().stream());
    }
  }

  /**
   * A disk that is to become an image.
   *
   * @param disk which one, counted from 0
   */
  public record ImageWish(ImageRef name, int disk) {}

  /** The same VM made of something else. */
  public VmRow madeOf(Spec other, long revision) {
    return new VmRow(
        id,
        tenant,
        name,
        host,
        epoch,
        power,
        powerRevision,
        revision,
        stopGraceSeconds,
        other,
        diskBytes,
        createdAt,
        trashedAt,
        firstStartedAt,
        observed);
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
        spec.takeOver(),
        spec.layering().map(Layering::wish),
        spec.variables());
  }
}
