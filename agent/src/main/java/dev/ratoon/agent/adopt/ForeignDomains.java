package dev.ratoon.agent.adopt;

import dev.ratoon.agent.host.Mounts;
import dev.ratoon.agent.hypervisor.OtherDomain;
import dev.ratoon.agent.hypervisor.OtherDomain.OtherDisk;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.qcow2.Qcow2Header;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.agent.DesiredNic;
import dev.ratoon.protocol.agent.ForeignDomain;
import java.io.IOException;
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
    domain
        .variables()
        .ifPresent(file -> {
          if (!Files.isRegularFile(file)) {
            obstacles.add(
                "Its firmware has no variables yet in " + file + ": start it once, and it has.");
          }
        });
    return new ForeignDomain(
        domain.id(),
        domain.name(),
        domain.running(),
        domain.cpus(),
        domain.memoryBytes(),
        disks,
        domain.nics().stream().map(nic -> new DesiredNic(nic.network(), nic.mac())).toList(),
        obstacles,
        domain.losses(),
        domain.variables().map(Path::toString));
  }

  private ForeignDomain.Disk disk(OtherDisk disk, List<String> obstacles) {
    Optional<DiskFormat> format = DiskFormat.find(disk.format());
    try {
      requireLinkable(disk.path(), obstacles);
      if (format.equals(Optional.of(DiskFormat.RAW))) {
        return new ForeignDomain.Disk(
            disk.path().toString(),
            Files.size(disk.path()),
            Optional.empty(),
            Optional.of(DiskFormat.RAW.word()));
      }
      if (!format.equals(Optional.of(DiskFormat.QCOW2))) {
        throw obstacle(
            disk.path() + " is " + disk.format() + ": QEMU is given raw and qcow2 files alone.");
      }
      return child(disk.path(), obstacles);
    } catch (Obstacle found) {
      obstacles.add(found.words);
    } catch (RatoonException unreadable) {
      obstacles.add(unreadable.problem().detail());
    } catch (IOException gone) {
      obstacles.add(disk.path() + " cannot be read.");
    }
    return new ForeignDomain.Disk(disk.path().toString(), 0, Optional.empty(), Optional.empty());
  }

  private ForeignDomain.Disk child(Path disk, List<String> obstacles) {
    Qcow2Header header = Qcow2Header.read(disk);
    if (header.snapshots() > 0) {
      obstacles.add(disk + " has internal snapshots.");
    }
    if (header.encryption() != 0 || header.namesDataFile()) {
      obstacles.add(disk + " is encrypted, or keeps its content in another file.");
    }
    Optional<DiskId> base = header.backingName().map(name -> base(disk, header, name));
    return new ForeignDomain.Disk(
        disk.toString(), header.size(), base, Optional.of(DiskFormat.QCOW2.word()));
  }

  /** A file gets a second name in the VM's folder. */
  private void requireLinkable(Path file, List<String> obstacles) {
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      obstacles.add(file + " is a symbolic link, or no file.");
    }
    if (!Mounts.now().canLink(file, vms)) {
      obstacles.add(
          file
              + " lies on another file system, or in another mount, than Ratoon's VMs, which are"
              + " in "
              + vms
              + ".");
    }
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
