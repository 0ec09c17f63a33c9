package dev.ratoon.agent.vm;

import dev.ratoon.agent.hypervisor.DomainStatus;
import dev.ratoon.disk.file.StoredBytes;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.Findings.Leftover;
import dev.ratoon.protocol.agent.Findings.Overlay;
import dev.ratoon.protocol.agent.Findings.Stray;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What lies among the folders of VMs and nobody speaks of, as it is reported: nothing of it is
 * touched.
 */
final class StrayFiles {
  private static final Logger LOG = LoggerFactory.getLogger(StrayFiles.class);

  private final VmFolders folders;

  StrayFiles(VmFolders folders) {
    this.folders = folders;
  }

  /** A VM that nobody speaks of. */
  Stray of(VmId id, Optional<DomainStatus> domain) {
    Path folder = folders.of(id);
    long epoch = domain.map(DomainStatus::epoch).orElse(0L);
    try {
      epoch = Math.max(epoch, folders.find(id).map(VmRecord::epoch).orElse(0L));
    } catch (RatoonException unreadable) {
      // Its folder is reported as a leftover.
    }
    List<Overlay> overlays = new ArrayList<>(overlays(folder));
    try {
      folders.elsewhere().usable().stream()
          .map(place -> place.resolve(id.toString()))
          .filter(VmFolders::isFolder)
          .forEach(there -> overlays.addAll(overlays(there)));
    } catch (RatoonException unreadable) {
      // The list of folders is reported as a leftover.
    }
    return new Stray(
        id, epoch, domain.isPresent(), folders.place(id) == VmFolders.Place.TRASH, overlays);
  }

  private static List<Overlay> overlays(Path folder) {
    List<Overlay> overlays = new ArrayList<>();
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> disks = Files.newDirectoryStream(folder, "disk-*.{qcow2,raw}")) {
        for (Path disk : disks) {
          overlays.add(
              new Overlay(disk.toString(), OverlayHeader.parent(disk), StoredBytes.of(disk)));
        }
      } catch (IOException | DirectoryIteratorException gone) {
        return List.of();
      }
    }
    overlays.sort(Comparator.comparing(Overlay::path));
    return overlays;
  }

  /** What lies here and is no VM's, or is a VM's whose record cannot be read. */
  List<Leftover> leftovers() {
    List<Leftover> found = new ArrayList<>();
    for (Path place : folders.places()) {
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(place)) {
        for (Path entry : entries) {
          VmFolders.whyNoVms(entry)
              .ifPresent(why -> found.add(new Leftover(entry.toString(), storedBytes(entry), why)));
        }
      } catch (IOException | DirectoryIteratorException unreadable) {
        LOG.warn("{} cannot be listed: {}", place, unreadable.getMessage());
      }
    }
    try {
      folders.elsewhere().usable().forEach(place -> found.addAll(leftovers(place)));
    } catch (RatoonException unreadable) {
      Path list = folders.elsewhere().list();
      found.add(new Leftover(list.toString(), storedBytes(list), unreadable.problem().oneLine()));
    }
    return found;
  }

  /** What lies in a folder of disks for a VM that has no folder here. */
  private List<Leftover> leftovers(Path place) {
    List<Leftover> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(place)) {
      for (Path entry : entries) {
        if (VmFolders.hasNameOfVm(entry)
            && !folders.has(VmId.parse(String.valueOf(entry.getFileName())))) {
          found.add(
              new Leftover(
                  entry.toString(), storedBytes(entry), "It holds disks of no VM of this host."));
        }
      }
    } catch (IOException | DirectoryIteratorException unreadable) {
      LOG.warn("{} cannot be listed: {}", place, unreadable.getMessage());
    }
    return found;
  }

  private static long storedBytes(Path entry) {
    if (!VmFolders.isFolder(entry)) {
      return StoredBytes.of(entry);
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(entry)) {
      long sum = 0;
      for (Path file : files) {
        sum += Files.isRegularFile(file) ? StoredBytes.of(file) : 0;
      }
      return sum;
    } catch (IOException | DirectoryIteratorException gone) {
      return 0;
    }
  }
}
