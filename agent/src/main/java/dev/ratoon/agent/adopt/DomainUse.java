package dev.ratoon.agent.adopt;

import dev.ratoon.agent.hypervisor.OtherDomain;
import dev.ratoon.agent.hypervisor.OtherDomain.OtherDisk;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.model.RatoonException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Which files the domains of others write to, and which they stand on. */
final class DomainUse {
  private final Map<Path, String> written = new HashMap<>();
  private final Map<Path, Set<String>> used = new HashMap<>();
  private final Map<Path, List<Path>> chains = new HashMap<>();

  /** What these domains use: the headers of their disks say it. */
  static DomainUse of(List<OtherDomain> domains) {
    DomainUse use = new DomainUse();
    for (OtherDomain domain : domains) {
      for (OtherDisk disk : domain.disks()) {
        List<Path> files = files(disk);
        use.written.put(files.getFirst(), domain.name());
        use.chains.put(disk.path(), files);
        files.forEach(
            file -> use.used.computeIfAbsent(file, _ -> new LinkedHashSet<>()).add(domain.name()));
      }
    }
    return use;
  }

  /** The files of a domain's disk, its own first, as far as they can be followed. */
  private static List<Path> files(OtherDisk disk) {
    try {
      Path real = disk.path().toRealPath();
      Optional<DiskFormat> format = DiskFormat.find(disk.format());
      if (format.isEmpty()) {
        return List.of(real);
      }
      ChainFiles anywhere = new ChainFiles(Set.of(Path.of("/")));
      return anywhere.of(real, format.get()).stream().map(ChainFiles.Member::file).toList();
    } catch (java.io.IOException | RatoonException unreadable) {
      return List.of(disk.path());
    }
  }

  /** The domain that writes to this file, running or not. */
  Optional<String> writer(Path file) {
    return Optional.ofNullable(written.get(file));
  }

  /** The domains that write to this file or stand on it. */
  List<String> domains(Path file) {
    return List.copyOf(new ArrayList<>(used.getOrDefault(file, Set.of())));
  }

  /** The files of a disk that {@link #of} was told of. */
  List<Path> files(Path disk) {
    return chains.getOrDefault(disk, List.of(disk));
  }
}
