package dev.ratoon.agent.vm;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.qcow2.Qcow2Header;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredVm;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Who stands on a file: the headers of all differencing disks say it that lie where VMs' disks do,
 * in the trash too, and in folders of which nobody knows whose they are. This is the one place that
 * knows what on a host, outside its cache, may need a base.
 */
record Children(VmFolders folders) {
  private static final int DEEPEST = 8;

  /** See {@link dev.ratoon.agent.adopt.Standing}. */
  List<String> on(Set<Path> files, Set<DiskId> ids, Collection<DesiredVm> wanted) {
    return on(path -> isOne(path, files, ids), ids, wanted);
  }

  /**
   * Who stands on a base anywhere but in this folder, as the names of parents tell: none of them is
   * touched, since they may lie on a share that hangs.
   */
  List<String> elsewhere(DiskId id, Path folder, Collection<DesiredVm> wanted) {
    return on(
        path -> isNamedBy(path, id) && !folder.equals(path.toAbsolutePath().getParent()),
        Set.of(id),
        wanted);
  }

  private List<String> on(Predicate<Path> isOne, Set<DiskId> ids, Collection<DesiredVm> wanted) {
    Set<String> names = new TreeSet<>();
    Map<VmId, DesiredVm> byId =
        wanted.stream().collect(Collectors.toMap(DesiredVm::id, Function.identity()));
    for (Path place : folders.places()) {
      overlays(place).stream()
          .filter(overlay -> mayStandOn(overlay, isOne))
          .forEach(overlay -> names.add(name(place, overlay, byId)));
    }
    for (Path place : folders.elsewhere().usable()) {
      overlaysOfVms(place).stream()
          .filter(overlay -> mayStandOn(overlay, isOne))
          .forEach(overlay -> names.add(name(place, overlay, byId)));
    }
    names.addAll(folders.awayOn(ids));
    wanted.stream()
        .filter(vm -> vm.power() != DesiredPower.PURGED && isToBeMadeOn(vm, ids))
        .forEach(vm -> names.add(vm.name().text()));
    return List.copyOf(names);
  }

  /** What cannot be listed may hold anything: then there is no answer. */
  private static List<Path> overlays(Path place) {
    List<Path> found = new ArrayList<>();
    try {
      Files.walkFileTree(
          place,
          EnumSet.of(FileVisitOption.FOLLOW_LINKS),
          DEEPEST,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
              if (isOverlay(file)) {
                found.add(file);
              }
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException why) throws IOException {
              if (why instanceof NoSuchFileException) {
                return FileVisitResult.CONTINUE;
              }
              throw why;
            }
          });
      return found;
    } catch (IOException unreadable) {
      throw Faults.unreadable(place, unreadable);
    }
  }

  /**
   * A folder of disks is the operator's: what else lies in it is neither read nor waited for. Disks
   * of Ratoon's lie in folders of VMs, never deeper, and none of these is a link.
   */
  private static List<Path> overlaysOfVms(Path place) {
    List<Path> found = new ArrayList<>();
    for (Path folder : VmFolders.ofVmsIn(place)) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, Children::isOverlay)) {
        files.forEach(found::add);
      } catch (NoSuchFileException gone) {
        // Its VM was purged, or moved away.
      } catch (DirectoryIteratorException unreadable) {
        throw Faults.unreadable(folder, Objects.requireNonNull(unreadable.getCause()));
      } catch (IOException unreadable) {
        throw Faults.unreadable(folder, unreadable);
      }
    }
    return found;
  }

  private static boolean isOverlay(Path file) {
    return file.toString().endsWith(".qcow2");
  }

  /** A VM's by its name, or else by its id; another one's by its path. */
  private static String name(Path place, Path overlay, Map<VmId, DesiredVm> wanted) {
    String folder = String.valueOf(place.relativize(overlay).getName(0));
    try {
      VmId id = VmId.parse(folder);
      return Optional.ofNullable(wanted.get(id)).map(vm -> vm.name().text()).orElse(folder);
    } catch (RatoonException noVm) {
      return overlay.toString();
    }
  }

  /**
   * One that cannot be read may stand on anything. Files of Ratoon's have the id in their names,
   * wherever their folder is mounted by now.
   */
  private static boolean mayStandOn(Path overlay, Predicate<Path> isOne) {
    try {
      // A disk that was frozen lies in the cache, and a link to it where its VM had it.
      return (Files.isSymbolicLink(overlay) && isOne.test(target(overlay)))
          || Qcow2Header.read(overlay)
              .backing(overlay)
              .map(Backing::file)
              .filter(isOne)
              .isPresent();
    } catch (RatoonException unreadable) {
      return Files.exists(overlay);
    }
  }

  private static Path target(Path link) {
    try {
      return link.resolveSibling(Files.readSymbolicLink(link)).normalize();
    } catch (IOException unreadable) {
      return link;
    }
  }

  private static boolean isOne(Path path, Set<Path> files, Set<DiskId> ids) {
    Path real = real(path);
    return files.contains(path)
        || files.contains(real)
        || ids.stream().anyMatch(id -> isNamedBy(path, id) || isNamedBy(real, id));
  }

  private static boolean isNamedBy(Path path, DiskId id) {
    return String.valueOf(path.getFileName()).startsWith(id.hex());
  }

  private static Path real(Path path) {
    try {
      return path.toRealPath();
    } catch (IOException notThere) {
      return path;
    }
  }

  /** A disk that is not there yet, and will be a child of one of these, or a copy. */
  private boolean isToBeMadeOn(DesiredVm vm, Set<DiskId> ids) {
    boolean isToStandOnIt =
        vm.layering().stream()
            .flatMap(wish ->
                Stream.concat(
                    wish.disks().stream().flatMap(disk -> disk.base().stream()),
                    wish.variables().stream()))
            .anyMatch(ids::contains);
    if (isToStandOnIt) {
      return true;
    }
    for (int i = 0; i < vm.disks().size(); i++) {
      DesiredDisk disk = vm.disks().get(i);
      boolean needed = disk.base().filter(ids::contains).isPresent();
      if (needed && !Files.exists(VmDisk.of(vm, folders.of(vm.id()), i).file())) {
        return true;
      }
    }
    return false;
  }
}
