package dev.ratoon.cache;

import dev.ratoon.model.DiskId;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * The names in a cache's folder. For the base with id ID:
 *
 * <ul>
 *   <li>{@code ID.flat.raw}: its content; this name appears last, so who has it has all
 *   <li>{@code ID.manifest}: its manifest
 *   <li>{@code ID.stamp}: what the inode said when the content was last verified
 * </ul>
 *
 * and {@code incoming/} for all that is not yet whole.
 */
record CacheFolder(Path root) {
  private static final String CONTENT = ".flat.raw";
  private static final String MANIFEST = ".manifest";
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
    return root.resolve(id + CONTENT + ".altered-" + UUID.randomUUID());
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

  /**
   * Removes what a killed process left half-made: all of {@link #incoming()}, and manifests without
   * content.
   */
  void sweep() throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(incoming())) {
      for (Path file : files) {
        Files.delete(file);
      }
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(root, "*" + MANIFEST)) {
      for (Path file : files) {
        String name = String.valueOf(file.getFileName());
        String id = name.substring(0, name.length() - MANIFEST.length());
        if (!Files.exists(root.resolve(id + CONTENT))) {
          Files.delete(file);
        }
      }
    }
  }

  /** Makes the folder's entries survive a power loss. */
  void sync() throws IOException {
    try (FileChannel folder = FileChannel.open(root, StandardOpenOption.READ)) {
      folder.force(true);
    }
  }
}
