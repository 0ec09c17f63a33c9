package dev.ratoon.agent.adopt;

import dev.ratoon.agent.adopt.ChainFiles.Member;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Finds the disks at a path, by the headers of the files there. Any file could be a raw disk: one
 * counts as such if a child names it so, if it is called {@code .raw} or {@code .img}, or if the
 * operator has named that very file.
 */
final class Candidates {
  private static final int MOST_DISKS = 500;

  private final Path root;
  private final ChainFiles chains;
  private final Map<Path, Found> found = new TreeMap<>();

  /** How a child reads its parent decides, whatever a guest has written to the parent's start. */
  private final Map<Path, DiskFormat> named = new HashMap<>();

  private Candidates(Path root, ChainFiles chains) {
    this.root = root;
    this.chains = chains;
  }

  /**
   * The disks below {@code root}, those first on which others stand.
   *
   * @throws RatoonException {@code not-found} if there is none, {@code too-large} and what {@link
   *     FolderScan} throws
   */
  static List<Found> in(Path root, Path home, ChainFiles chains) {
    Candidates candidates = new Candidates(root, chains);
    List<Path> files = FolderScan.files(root, home);
    files.forEach(candidates::look);
    Map.copyOf(candidates.named).forEach(candidates::add);
    if (candidates.found.isEmpty()) {
      throw Problem.of(ErrorCode.NOT_FOUND, "looking for disks in '" + root + "'")
          .detail("There is none. Raw disks are found if they are called .raw or .img.")
          .next("Name the file itself, if it is one.")
          .asException();
    }
    return candidates.found.values().stream()
        .sorted(
            Comparator.<Found>comparingInt(disk -> disk.chain().size()).thenComparing(Found::file))
        .toList();
  }

  private void look(Path file) {
    DiskFormat format;
    try {
      format = VirtualDisks.formatOf(file);
    } catch (RatoonException noDisk) {
      if (file.equals(root)) {
        found.put(file, Found.refused(file, noDisk.problem().detail()));
      }
      return;
    }
    if (format != DiskFormat.RAW || looksRaw(file)) {
      add(file, format);
    }
  }

  private boolean looksRaw(Path file) {
    String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    return file.equals(root) || name.endsWith(".raw") || name.endsWith(".img");
  }

  private void add(Path file, DiskFormat format) {
    if (found.size() >= MOST_DISKS && !found.containsKey(file)) {
      throw Problem.of(ErrorCode.TOO_LARGE, "looking for disks in '" + root + "'")
          .detail("There are more than " + MOST_DISKS + ".")
          .next("Name a folder that is nearer to the ones that you mean.")
          .asException();
    }
    try {
      List<Member> chain = chains.of(file, format);
      try (VirtualDisk disk = chains.open(chain)) {
        found.put(file, Found.waiting(chain, disk.size()));
      }
      chain.stream()
          .skip(1)
          .filter(member -> member.file().startsWith(root))
          .forEach(member -> named.put(member.file(), member.format()));
    } catch (RatoonException refused) {
      if (refused.problem().code() == ErrorCode.INTERRUPTED) {
        throw refused;
      }
      found.put(file, Found.refused(file, refused.problem().detail()));
    }
  }
}
