package dev.ratoon.agent.adopt;

import dev.ratoon.agent.hypervisor.OtherDomain;
import dev.ratoon.agent.hypervisor.OtherDomain.OtherDisk;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.qcow2.Qcow2Header;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.agent.DesiredNic;
import dev.ratoon.protocol.agent.ForeignDomain;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The domains of others that lie, or stand, where something was adopted, as they are reported: with
 * all reasons why Ratoon could not take them over.
 */
record ForeignDomains(KnownDisks known, Set<Path> roots, Path vms) {
  private static final int MOST = 500;

  List<ForeignDomain> reports(List<OtherDomain> domains) {
    DomainUse use = DomainUse.of(domains);
    return domains.stream()
        .filter(domain -> domain.disks().stream().anyMatch(disk -> concerns(use, disk)))
        .limit(MOST)
        .map(this::report)
        .toList();
  }

  private boolean concerns(DomainUse use, OtherDisk disk) {
    return use.files(disk.path()).stream()
        .anyMatch(file -> roots.stream().anyMatch(file::startsWith));
  }

  private ForeignDomain report(OtherDomain domain) {
    List<String> obstacles = new ArrayList<>(domain.obstacles());
    List<ForeignDomain.Disk> disks =
        domain.disks().stream().map(disk -> disk(disk, obstacles)).toList();
    return new ForeignDomain(
        domain.id(),
        domain.name(),
        domain.running(),
        domain.cpus(),
        domain.memoryBytes(),
        disks,
        domain.nics().stream().map(nic -> new DesiredNic(nic.network(), nic.mac())).toList(),
        obstacles,
        domain.losses());
  }

  private ForeignDomain.Disk disk(OtherDisk disk, List<String> obstacles) {
    try {
      if (!DiskFormat.find(disk.format()).equals(Optional.of(DiskFormat.QCOW2))) {
        throw obstacle(
            disk.path() + " is " + disk.format() + ": only qcow2 disks can stay as they are.");
      }
      Qcow2Header header = Qcow2Header.read(disk.path());
      if (!Files.isRegularFile(disk.path(), LinkOption.NOFOLLOW_LINKS)) {
        obstacles.add(disk.path() + " is a symbolic link.");
      }
      if (!isOnFileSystemOfVms(disk.path())) {
        obstacles.add(
            disk.path()
                + " lies on another file system than Ratoon's VMs, which are in "
                + vms
                + ".");
      }
      if (header.snapshots() > 0) {
        obstacles.add(disk.path() + " has internal snapshots.");
      }
      Optional<DiskId> base = header.backingName().map(name -> base(disk.path(), header, name));
      return new ForeignDomain.Disk(disk.path().toString(), header.size(), base);
    } catch (Obstacle found) {
      obstacles.add(found.words);
    } catch (RatoonException unreadable) {
      obstacles.add(unreadable.problem().detail());
    }
    return new ForeignDomain.Disk(disk.path().toString(), 0, Optional.empty());
  }

  /** Its second name is a hard link. */
  private boolean isOnFileSystemOfVms(Path disk) {
    return Stamps.of(disk)
        .flatMap(own -> Stamps.of(vms).map(other -> own.device() == other.device()))
        .orElse(false);
  }

  private DiskId base(Path disk, Qcow2Header header, String name) {
    if (!name.startsWith("/")) {
      throw obstacle(
          disk
              + " names its parent '"
              + name
              + "' relatively; write it whole: qemu-img rebase -u.");
    }
    return header
        .backing(disk)
        .flatMap(parent ->
            known.chain(parent.file()).stream()
                .findFirst()
                .filter(base -> base.format() == parent.format()))
        .orElseThrow(
            () -> obstacle(disk + " stands on " + name + ", which is not adopted in place."))
        .id();
  }

  /** One reason why a domain cannot be taken over. */
  private static final class Obstacle extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final String words;

    Obstacle(String words) {
      super(words);
      this.words = words;
    }
  }

  private static Obstacle obstacle(String words) {
    return new Obstacle(words);
  }
}
