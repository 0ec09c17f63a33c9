package dev.ratoon.cache.share;

import dev.ratoon.model.DiskId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which files of a share this host has read in full and found right, in a folder of this host. What
 * gets lost costs a second reading.
 */
final class VerifiedFiles {
  private final Path folder;
  private final Map<DiskId, String> known = new ConcurrentHashMap<>();

  VerifiedFiles(Path folder) {
    this.folder = folder;
  }

  /** Whether it was this very file, in this very state, that was found right. */
  boolean vouchesFor(DiskId id, String marker, String identity) {
    return known.computeIfAbsent(id, this::read).equals(line(marker, identity));
  }

  void remember(DiskId id, String marker, String identity) throws IOException {
    String line = line(marker, identity);
    known.put(id, line);
    Files.createDirectories(folder);
    Path fresh = folder.resolve(id + ".new");
    Files.writeString(fresh, line, StandardCharsets.UTF_8);
    Files.move(fresh, folder.resolve(id + ".verified"), StandardCopyOption.ATOMIC_MOVE);
  }

  private String read(DiskId id) {
    try {
      return Files.readString(folder.resolve(id + ".verified"));
    } catch (IOException neverOrUnreadable) {
      return "";
    }
  }

  private static String line(String marker, String identity) {
    return "share=" + marker + " " + identity + "\n";
  }
}
