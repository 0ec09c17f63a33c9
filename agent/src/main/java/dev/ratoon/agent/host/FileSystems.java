package dev.ratoon.agent.host;

import dev.ratoon.disk.file.FileAbilities;
import dev.ratoon.protocol.agent.FileSystemFacts;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file systems that hold what Ratoon keeps. What they can do is tried out once; how much room
 * they have is looked up whenever somebody asks.
 */
public final class FileSystems {
  private static final Logger LOG = LoggerFactory.getLogger(FileSystems.class);

  private final List<Known> known = new ArrayList<>();

  private record Known(Path mountPoint, List<String> holds, FileAbilities abilities) {}

  /**
   * @param folders what is kept, and where; the folders exist
   */
  public FileSystems(Map<String, Path> folders) {
    Map<Path, List<String>> holds = new LinkedHashMap<>();
    Map<Path, Path> within = new LinkedHashMap<>();
    new TreeMap<>(folders)
        .forEach((what, folder) -> {
          Path mountPoint = mountPoint(folder.toAbsolutePath());
          holds.computeIfAbsent(mountPoint, _ -> new ArrayList<>()).add(what);
          within.putIfAbsent(mountPoint, folder);
        });
    within.forEach((mountPoint, folder) ->
        known.add(
            new Known(mountPoint, holds.getOrDefault(mountPoint, List.of()), abilities(folder))));
  }

  /** As they are now; one that does not answer is left out. */
  public List<FileSystemFacts> now() {
    List<FileSystemFacts> facts = new ArrayList<>();
    for (Known one : known) {
      try {
        FileStore store = Files.getFileStore(one.mountPoint());
        FileAbilities can = one.abilities();
        facts.add(
            new FileSystemFacts(
                one.mountPoint().toString(),
                store.type(),
                one.holds(),
                store.getTotalSpace(),
                store.getUsableSpace(),
                can.holes(),
                can.reflinks(),
                can.immutable()));
      } catch (IOException unreadable) {
        LOG.warn("The space of {} is not known: {}", one.mountPoint(), unreadable.getMessage());
      }
    }
    return facts;
  }

  private static FileAbilities abilities(Path folder) {
    try {
      return FileAbilities.in(folder);
    } catch (IOException failed) {
      LOG.warn("What {} can do could not be tried: {}", folder, failed.getMessage());
      return FileAbilities.NONE;
    }
  }

  /** The highest folder above it that is on the same device. */
  private static Path mountPoint(Path folder) {
    try {
      Path at = folder.toRealPath();
      Object device = Files.getAttribute(at, "unix:dev");
      while (at.getParent() != null
          && device.equals(Files.getAttribute(at.getParent(), "unix:dev"))) {
        at = at.getParent();
      }
      return at;
    } catch (IOException unreadable) {
      return folder;
    }
  }
}
