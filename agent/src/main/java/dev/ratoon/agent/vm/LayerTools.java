package dev.ratoon.agent.vm;

import dev.ratoon.agent.hypervisor.FileOwner;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.share.HostCaches;
import dev.ratoon.agent.work.Timeline;
import dev.ratoon.disk.Backing;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.ParentWitness;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.qcow2.Qcow2Child;
import dev.ratoon.disk.qcow2.Qcow2Header;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.DesiredVm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * What is needed to work at the layers of VMs' disks.
 *
 * @param bases brings base disks that are not here
 */
record LayerTools(
    Hypervisor hypervisor, HostCaches caches, VmBases bases, VmFolders folders, Records records) {
  /** A chain of ours: what the VM was frozen to while it ran, on what a base may stand on. */
  private static final int MOST_FILES = 64;

  /** What is remembered of VMs, and whose their files are. */
  interface Records {

    /** Changes what is known of the VM's layers, for good when this returns. */
    Layers update(DesiredVm vm, UnaryOperator<Layers> change);

    Timeline timeline(VmId id);

    /** Whose files are that guests write. */
    FileOwner owner();

    Instant now();
  }

  Path folder(VmId id) {
    return folders.of(id);
  }

  /** Opens a disk of a VM with all that is below it, whatever place that has just now. */
  VirtualDisk open(Path file, DiskFormat format) {
    return VirtualDisks.open(file, format, rules());
  }

  static OpenRules.Chain rules() {
    return OpenRules.chain(MOST_FILES, List.of(), ParentWitness.TRUSTING);
  }

  /** What the guest sees of a disk. */
  static long sizeOf(VmDisk disk) {
    try {
      return disk.format() == DiskFormat.RAW
          ? Files.size(disk.file())
          : Qcow2Header.read(disk.file()).size();
    } catch (IOException failed) {
      throw Faults.unreadable(disk.file(), failed);
    }
  }

  /** An empty file on a parent, which nobody has written yet: one that is there is half-made. */
  void makeChild(Path file, long sizeBytes, Optional<Backing> parent) {
    try {
      Files.deleteIfExists(file);
      Qcow2Child.create(file, sizeBytes, parent, CreateOptions.Qcow2.STANDARD, Durability.SYNCED);
      give(file);
    } catch (IOException failed) {
      throw Faults.unwritable(file, failed);
    }
  }

  /** It belongs to the guest's hypervisor from now on. */
  void give(Path file) {
    try {
      records.owner().own(file);
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    } catch (IOException failed) {
      throw Faults.unwritable(file, failed);
    }
  }

  /** What a file of a VM is called in its record: by its name, if it lies in the VM's folder. */
  String called(VmId id, Path file) {
    return folder(id).equals(file.getParent())
        ? String.valueOf(file.getFileName())
        : file.toString();
  }

  static void remove(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException failed) {
      throw Faults.unwritable(file, failed);
    }
  }
}
