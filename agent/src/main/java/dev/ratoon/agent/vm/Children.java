package dev.ratoon.agent.vm;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.qcow2.Qcow2Header;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredVm;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Who stands on a file: the overlays' own headers say it, those in the trash too. */
record Children(VmFolders folders) {

  /** See {@link dev.ratoon.agent.adopt.Standing}. */
  List<String> on(Set<Path> files, Set<DiskId> ids, Collection<DesiredVm> wanted) {
    Set<String> names = new TreeSet<>();
    Map<VmId, DesiredVm> byId =
        wanted.stream().collect(Collectors.toMap(DesiredVm::id, Function.identity()));
    for (VmId id : folders.all()) {
      if (overlays(folders.of(id)).stream().anyMatch(overlay -> mayStandOn(overlay, files))) {
        names.add(Optional.ofNullable(byId.get(id)).map(vm -> vm.name().text()).orElse("" + id));
      }
    }
    wanted.stream()
        .filter(vm -> vm.power() != DesiredPower.PURGED && isToBeMadeOn(vm, ids))
        .forEach(vm -> names.add(vm.name().text()));
    return List.copyOf(names);
  }

  private static List<Path> overlays(Path folder) {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.qcow2")) {
      return java.util.stream.StreamSupport.stream(files.spliterator(), false).toList();
    } catch (IOException gone) {
      return List.of();
    }
  }

  /** One that cannot be read may stand on anything. */
  private static boolean mayStandOn(Path overlay, Set<Path> files) {
    try {
      return Qcow2Header.read(overlay)
          .backing(overlay)
          .map(Backing::file)
          .filter(files::contains)
          .isPresent();
    } catch (RatoonException unreadable) {
      return Files.exists(overlay);
    }
  }

  /** A disk that is not there yet, and will be a child of one of these. */
  private boolean isToBeMadeOn(DesiredVm vm, Set<DiskId> ids) {
    for (int i = 0; i < vm.disks().size(); i++) {
      DesiredDisk disk = vm.disks().get(i);
      boolean child = disk.differencing() && disk.base().filter(ids::contains).isPresent();
      if (child && !Files.exists(VmDisk.of(vm, folders.of(vm.id()), i).file())) {
        return true;
      }
    }
    return false;
  }
}
