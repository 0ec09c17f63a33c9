package dev.ratoon.agent.hypervisor;

import dev.ratoon.agent.hypervisor.DiskWork.DiskCopy;
import dev.ratoon.agent.hypervisor.DomainSpec.DomainDisk;
import dev.ratoon.agent.hypervisor.DomainSpec.DomainNic;
import dev.ratoon.disk.Backing;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.qcow2.Qcow2Child;
import dev.ratoon.disk.qcow2.Qcow2Header;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.VmId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Small domains, and the files that are made beside their disks. */
public final class TestDomains {
  public static final DomainNic NIC =
      new DomainNic(new NetworkAttachment.User(), "52:54:00:00:00:01");

  private TestDomains() {}

  /** A domain with one disk; its console log lies beside it. */
  public static DomainSpec small(VmId id, Path disk, boolean paused, List<DomainNic> nics) {
    return new DomainSpec(
        id,
        "web-1",
        "<acme> & 'sons'",
        7,
        1,
        32L << 20,
        List.of(new DomainDisk(disk, DiskFormat.QCOW2, List.of())),
        Optional.empty(),
        nics,
        Optional.empty(),
        disk.resolveSibling(id + ".log"),
        Optional.empty(),
        paused,
        Optional.empty());
  }

  /** An empty file beside a disk, on the same parent, to be filled by copying. */
  public static DiskCopy newCopy(Hypervisor hypervisor, Path disk) {
    Path copy = disk.resolveSibling(disk.getFileName() + ".copy");
    Qcow2Header header = Qcow2Header.read(disk);
    create(hypervisor, copy, header.size(), header.backing(disk));
    return new DiskCopy(disk, copy);
  }

  public static Path newChild(Hypervisor hypervisor, Path parent) {
    Path child = parent.resolveSibling(parent.getFileName() + ".child");
    Backing backing = new Backing(parent, dev.ratoon.disk.DiskFormat.QCOW2);
    create(hypervisor, child, Qcow2Header.read(parent).size(), Optional.of(backing));
    return child;
  }

  private static void create(
      Hypervisor hypervisor, Path file, long size, Optional<Backing> backing) {
    Qcow2Child.create(file, size, backing, CreateOptions.Qcow2.STANDARD, Durability.SYNCED);
    try {
      hypervisor.facts().owner().own(file);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}
