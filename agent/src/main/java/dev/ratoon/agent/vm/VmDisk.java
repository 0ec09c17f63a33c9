package dev.ratoon.agent.vm;

import dev.ratoon.agent.share.HostCaches;
import dev.ratoon.cache.Base;
import dev.ratoon.disk.Backing;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.qcow2.Qcow2Header;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredVm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * One disk of a VM, where it lies.
 *
 * @param file the VM's own
 * @param format raw for a whole copy of a base and for a file that was raw when it was taken over,
 *     else qcow2
 */
record VmDisk(DesiredDisk wanted, Path file, DiskFormat format) {

  static VmDisk of(DesiredVm vm, Path folder, int index) {
    DesiredDisk wanted = vm.disks().get(index);
    return of(wanted, vm, folder, index);
  }

  /** The same disk in the file that takes the place of the present one. */
  static VmDisk next(DesiredVm vm, Path folder, int index) {
    DesiredDisk next = vm.disks().get(index).inNextFile();
    return of(next, vm, folder, index);
  }

  private static VmDisk of(DesiredDisk wanted, DesiredVm vm, Path home, int index) {
    boolean takenOver = !vm.takeOver().isEmpty();
    Path folder =
        wanted.folder().map(place -> Path.of(place).resolve(vm.id().toString())).orElse(home);
    int before = wanted.filesBefore();
    boolean wasRaw = takenOver && wanted.base().isEmpty() && !wanted.differencing();
    boolean isRaw = before == 0 && (isCopy(wanted) || wasRaw);
    DiskFormat format = isRaw ? DiskFormat.RAW : DiskFormat.QCOW2;
    String name = "disk-" + index + (before == 0 ? "" : "." + before) + ending(format);
    return new VmDisk(wanted, folder.resolve(name), format);
  }

  private static boolean isCopy(DesiredDisk wanted) {
    return wanted.base().isPresent() && !wanted.differencing();
  }

  private static String ending(DiskFormat format) {
    return "." + format.word();
  }

  /** Whether it is a child of a base. */
  boolean isChild() {
    return wanted.base().isPresent() && format == DiskFormat.QCOW2;
  }

  /**
   * The base that it is a child of, after making sure that it is the one that it was made on, and
   * as it was published: a guest must never run on another base than its own.
   *
   * @throws dev.ratoon.model.RatoonException {@code base-missing}, {@code base-altered} or {@code
   *     overlay-altered}
   */
  Optional<Base> parent(HostCaches caches) {
    if (!Files.exists(file)) {
      throw Problem.of(ErrorCode.OVERLAY_ALTERED, "opening the disk " + file)
          .detail("The file is gone.")
          .next(
              wanted
                  .folder()
                  .map(place -> "Look whether the file system of " + place + " is mounted.")
                  .orElse("Bring it back from a backup, or delete the VM."))
          .asException();
    }
    if (format == DiskFormat.RAW) {
      return Optional.empty();
    }
    Optional<Backing> recorded = Qcow2Header.read(file).backing(file);
    Optional<Base> base = wanted.base().map(id -> caches.use(id, recorded.map(Backing::file)));
    Optional<Backing> expected = base.map(b -> new Backing(b.path(), b.format()));
    if (!recorded.equals(expected)) {
      throw Problem.of(ErrorCode.OVERLAY_ALTERED, "opening the disk " + file)
          .detail(
              "Its header names %s as its base, but it was made on %s."
                  .formatted(show(recorded), show(expected)))
          .next("Somebody changed it outside Ratoon. It is left as it is.")
          .asException();
    }
    return base;
  }

  /** Of a disk whose file is not there, for people. */
  String missing() {
    return "its file is not there"
        + wanted.folder().map(place -> "; is the file system of " + place + " mounted?").orElse("");
  }

  private static String show(Optional<Backing> backing) {
    return backing.map(b -> b.file() + " (" + b.format().qemuName() + ")").orElse("none");
  }
}
