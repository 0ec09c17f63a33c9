package dev.ratoon.cache;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * The names in a cache's folder. For the base with id ID:
 *
 * <ul>
 *   <li>{@code ID.flat.raw}: its content; this name appears last, so who has it has all
 *   <li>{@code ID.manifest}: its manifest
 *   <li>{@code ID.stamp}: what the inode said when the content was last verified
 *   <li>{@code ID.blocks}: the fingerprints of its blocks; they may be missing
 * </ul>
 *
 * and {@code incoming/} for all that is not yet whole; what begins with {@code ID.arriving.} there
 * is an arrival that can be resumed.
 */
record CacheFolder(Path root) {
  private static final String CONTENT = ".flat.raw";
  private static final String MANIFEST = ".manifest";
  private static final String BLOCKS = ".blocks";
  private static final String ARRIVING = ".arriving.";
  private static final String ALTERED = ".altered-";
  private static final int ID_DIGITS = 64;

  Path content(DiskId id) {
    return root.resolve(id + CONTENT);
  }

  Path manifest(DiskId id) {
    return root.resolve(id + MANIFEST);
  }

  Path stamp(DiskId id) {
    return root.resolve(id + ".stamp");
  }

  Path blocks(DiskId id) {
    return root.resolve(id + BLOCKS);
  }

  /** A file of a base that is arriving. */
  Path arriving(DiskId id, String part) {
    return incoming().resolve(id + ARRIVING + part);
  }

  Path incoming() {
    return root.resolve("incoming");
  }

  Path lock() {
    return root.resolve("lock");
  }

  /** A name in {@link #incoming()} that nobody else has. */
  Path newIncoming(String kind) {
    return incoming().resolve(UUID.randomUUID() + "." + kind);
  }

  /**
   * Where an altered file is put aside: nothing is thrown away that somebody may want to look at.
   */
  Path aside(DiskId id) {
    return root.resolve(id + CONTENT + ALTERED + UUID.randomUUID());
  }

  /**
   * The bases of which an altered file was put aside, with when that was last: its inode changed
   * then, and has no reason to since.
   */
  Map<DiskId, Instant> putAside() throws IOException {
    Map<DiskId, Instant> found = new HashMap<>();
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(root, "*" + CONTENT + ALTERED + "*")) {
      for (Path file : files) {
        String name = String.valueOf(file.getFileName());
        try {
          DiskId id = new DiskId(name.substring(0, name.indexOf(CONTENT)));
          Instant changed = ((FileTime) Files.getAttribute(file, "unix:ctime")).toInstant();
          found.merge(id, changed, (a, b) -> a.isAfter(b) ? a : b);
        } catch (RatoonException noId) {
          // somebody else's file
        }
      }
    }
    return found;
  }

  /** The bases whose content is here under its name. */
  List<DiskId> bases() throws IOException {
    List<DiskId> ids = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(root, "*" + CONTENT)) {
      for (Path file : files) {
        String name = String.valueOf(file.getFileName());
        if (name.length() == ID_DIGITS + CONTENT.length()) {
          ids.add(new DiskId(name.substring(0, ID_DIGITS)));
        }
      }
    }
    return ids;
  }

  /** The bases whose arrival was cut off and can be resumed. */
  List<DiskId> arriving() throws IOException {
    List<DiskId> ids = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(incoming())) {
      for (Path file : files) {
        arrivingId(file, IncomingBase.CONTENT).ifPresent(ids::add);
      }
    }
    return ids;
  }

  /**
   * Removes what a killed process left half-made: all of {@link #incoming()} but what an arrival
   * can be resumed from, and what belongs to a content that is not here.
   */
  void sweep() throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(incoming())) {
      for (Path file : files) {
        if (!isResumable(file)) {
          Files.delete(file);
        }
      }
    }
    for (String kind : List.of(MANIFEST, BLOCKS)) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(root, "*" + kind)) {
        for (Path file : files) {
          String name = String.valueOf(file.getFileName());
          String id = name.substring(0, name.length() - kind.length());
          if (!Files.exists(root.resolve(id + CONTENT))) {
            Files.delete(file);
          }
        }
      }
    }
  }

  /** Whether an arrival needs the file, and the base has not come in another way since. */
  private boolean isResumable(Path file) {
    return IncomingBase.RESUMED_FROM.stream()
        .flatMap(part -> arrivingId(file, part).stream())
        .anyMatch(
            id -> Files.exists(arriving(id, IncomingBase.CONTENT)) && !Files.exists(content(id)));
  }

  private static Optional<DiskId> arrivingId(Path file, String part) {
    String name = String.valueOf(file.getFileName());
    String suffix = ARRIVING + part;
    if (!name.endsWith(suffix) || name.length() != ID_DIGITS + suffix.length()) {
      return Optional.empty();
    }
    try {
      return Optional.of(new DiskId(name.substring(0, ID_DIGITS)));
    } catch (RatoonException noId) {
      return Optional.empty();
    }
  }

  /** Makes the folder's entries survive a power loss. */
  void sync() throws IOException {
    try (FileChannel folder = FileChannel.open(root, StandardOpenOption.READ)) {
      folder.force(true);
    }
  }
}
