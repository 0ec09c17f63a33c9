package dev.ratoon.server.inventory;

import dev.ratoon.model.ByteSize;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.Problem;
import dev.ratoon.placement.VmNeeds;
import dev.ratoon.placement.Wishes;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredNic;
import dev.ratoon.protocol.api.CloneRequest;
import dev.ratoon.protocol.api.DeployRequest;
import dev.ratoon.protocol.api.DiskRequest;
import dev.ratoon.protocol.api.PlaceRequest;
import dev.ratoon.protocol.api.PlacedView;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.server.store.ImageTable.ImageRow;
import dev.ratoon.server.store.VmRow;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What a deploy request comes to once its images are known and what it left open is filled in. A
 * pure function of request, images and settings.
 */
record Blueprint(
    DeployRequest request,
    List<VmRow.Disk> disks,
    long memoryBytes,
    Firmware firmware,
    long diskBytes,
    long copiedBytes,
    Map<DiskId, Long> baseBytes) {
  private static final long DEFAULT_MEMORY = 512 * ByteSize.MIB;

  /** What a disk's own file may grow to before the host's next report counts it as used. */
  private static final long DISK_BEGINS_WITH = 64 * ByteSize.MIB;

  /**
   * @param images all that the request names
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#DISK_TOO_SMALL} or {@link
   *     ErrorCode#INVALID_VALUE}
   */
  static Blueprint of(DeployRequest request, Map<ImageRef, ImageRow> images, Settings settings) {
    List<VmRow.Disk> disks = new ArrayList<>();
    long diskBytes = 0;
    long copiedBytes = 0;
    Map<DiskId, Long> baseBytes = new HashMap<>();
    for (DiskRequest disk : request.disks()) {
      Optional<ImageRow> image = disk.image().map(ref -> known(images, ref));
      boolean differencing =
          disk.differencing()
              .or(request::differencing)
              .orElse(settings.differencing() && image.map(ImageRow::differencing).orElse(true));
      long size = size(disk, image);
      disks.add(
          new VmRow.Disk(
              disk.image(),
              new DesiredDisk(image.map(ImageRow::diskId), size, differencing)
                  .in(parentPath(disk, differencing))));
      diskBytes += DISK_BEGINS_WITH;
      image.ifPresent(base -> baseBytes.put(base.diskId(), base.storedBytes()));
      if (!differencing) {
        copiedBytes += image.map(ImageRow::storedBytes).orElse(0L);
      }
    }
    Optional<ImageRow> boot = request.disks().getFirst().image().map(ref -> known(images, ref));
    return new Blueprint(
        request,
        disks,
        memory(request, boot),
        request.firmware().or(() -> boot.map(ImageRow::firmware)).orElse(Firmware.BIOS),
        diskBytes + copiedBytes,
        copiedBytes,
        baseBytes);
  }

  List<EntityName> names() {
    return names(request.name(), request.count());
  }

  /** NAME, or NAME-1, NAME-2, ... for more than one. */
  static List<EntityName> names(EntityName name, int count) {
    return count == 1
        ? List.of(name)
        : IntStream.rangeClosed(1, count).mapToObj(i -> new EntityName(name + "-" + i)).toList();
  }

  /** What a clone of a VM comes to whose disks have become base disks. */
  static Blueprint of(Deploys.Origin origin, CloneRequest clone, Map<DiskId, Long> baseBytes) {
    VmRow.Spec spec = origin.vm().spec();
    List<VmRow.Disk> disks = new ArrayList<>();
    List<DiskRequest> requests = new ArrayList<>();
    for (int i = 0; i < spec.disks().size(); i++) {
      DesiredDisk frozen = origin.disks().get(i);
      disks.add(
          new VmRow.Disk(
              spec.disks().get(i).image(),
              new DesiredDisk(frozen.base(), frozen.sizeBytes(), true)));
      requests.add(
          new DiskRequest(Optional.empty(), Optional.of(frozen.sizeBytes()), Optional.empty()));
    }
    DeployRequest request =
        new DeployRequest(
            clone.name(),
            clone.count(),
            requests,
            spec.cpus(),
            Optional.of(spec.memoryBytes()),
            spec.nics().stream().map(DesiredNic::network).toList(),
            Optional.of(spec.firmware()),
            spec.restart(),
            spec.cloudInit(),
            Optional.empty(),
            clone.paused(),
            clone.place());
    return new Blueprint(
        request,
        disks,
        spec.memoryBytes(),
        spec.firmware(),
        DISK_BEGINS_WITH * disks.size(),
        0,
        baseBytes);
  }

  VmNeeds needs(Wishes wishes) {
    return new VmNeeds(
        request.cpus(),
        memoryBytes,
        diskBytes,
        copiedBytes,
        firmware,
        request.networks(),
        baseBytes,
        wishes);
  }

  /** What the disks of one VM may grow to together. */
  long grownBytes() {
    return disks.stream().mapToLong(disk -> disk.made().sizeBytes()).sum();
  }

  VmRow.Spec spec(List<DesiredNic> nics, PlacedView placed) {
    return new VmRow.Spec(
        request.cpus(),
        memoryBytes,
        firmware,
        request.restart(),
        disks,
        nics,
        request.cloudInit(),
        List.of(),
        Optional.of(placed),
        request.place().flatMap(PlaceRequest::group),
        List.of(),
        Optional.empty(),
        Optional.empty(),
        request.place());
  }

  private static Optional<String> parentPath(DiskRequest disk, boolean differencing) {
    if (disk.parentPath().isPresent() && !differencing) {
      throw Problem.of(
              ErrorCode.INVALID_VALUE, "reading the parent's path " + disk.parentPath().get())
          .detail("The disk is a whole copy, which has no parent.")
          .next("Ask for a child (differencing=on), or leave the path out.")
          .asException();
    }
    return disk.parentPath();
  }

  private static ImageRow known(Map<ImageRef, ImageRow> images, ImageRef ref) {
    ImageRow image = images.get(ref);
    if (image == null) {
      throw Problem.of(ErrorCode.NOT_FOUND, "finding the image " + ref)
          .next("'ratoon image list' shows those that exist.")
          .asException();
    }
    return image;
  }

  private static long size(DiskRequest disk, Optional<ImageRow> image) {
    long least = image.map(ImageRow::sizeBytes).orElse(0L);
    long size = disk.sizeBytes().orElse(least);
    if (size < least) {
      throw Problem.of(
              ErrorCode.DISK_TOO_SMALL,
              "making a disk of " + ByteSize.show(size) + " from " + disk.image().get())
          .detail("The image's disk has " + ByteSize.show(least) + ".")
          .next("Ask for at least " + least + " bytes, or leave the size out.")
          .asException();
    }
    return size;
  }

  private static long memory(DeployRequest request, Optional<ImageRow> boot) {
    long least = boot.map(ImageRow::minimumMemoryBytes).orElse(0L);
    long memory = request.memoryBytes().orElse(least > 0 ? least : DEFAULT_MEMORY);
    if (memory < least) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the memory " + ByteSize.show(memory))
          .detail("The image needs at least " + ByteSize.show(least) + ".")
          .next("Ask for that much, or leave the memory out.")
          .asException();
    }
    return memory;
  }
}
