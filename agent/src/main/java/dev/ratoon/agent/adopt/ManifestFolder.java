package dev.ratoon.agent.adopt;

import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.DiskId;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Set;

/** The manifests of adopted disks. What gets lost here is computed again. */
record ManifestFolder(Path folder) {
  private static final String ENDING = ".manifest";

  ManifestFolder {
    try {
      Files.createDirectories(folder);
    } catch (IOException failed) {
      throw Faults.unwritable(folder, failed);
    }
  }

  /** Keeps a manifest. */
  void keep(Manifest manifest) {
    Path file = place(manifest.id());
    Path draft = file.resolveSibling(file.getFileName() + ".new");
    try {
      if (!Files.exists(file)) {
        Files.deleteIfExists(draft);
        manifest.write(draft);
        Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
      }
    } catch (IOException failed) {
      throw Faults.unwritable(file, failed);
    }
  }

  boolean has(DiskId id) {
    return Manifest.isIn(place(id));
  }

  Manifest read(DiskId id) {
    return Manifest.read(place(id));
  }

  /** Removes those of other disks. */
  void retain(Set<DiskId> wanted) {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + ENDING)) {
      for (Path file : files) {
        String name = String.valueOf(file.getFileName());
        if (!wanted.contains(new DiskId(name.substring(0, name.length() - ENDING.length())))) {
          Files.delete(file);
        }
      }
    } catch (IOException kept) {
      throw Faults.unwritable(folder, kept);
    }
  }

  private Path place(DiskId id) {
    return folder.resolve(id + ENDING);
  }
}
