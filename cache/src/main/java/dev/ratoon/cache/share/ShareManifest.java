package dev.ratoon.cache.share;

import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.RatoonException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.Optional;

/** The manifest of a base on a share, which is its own proof. */
final class ShareManifest {
  private static final int MOST_BYTES_A_CHUNK = Manifest.DIGEST_BYTES + Integer.BYTES;
  private static final int OTHER_BYTES = 1024;

  /** Of a disk of 64 GiB it has 36 MiB: larger ones than this are not held in memory. */
  static final int MOST_BYTES = 64 << 20;

  private ShareManifest() {}

  /** How many bytes a manifest of a disk of this size has at most. */
  static int mostBytes(long sizeBytes) {
    long most = OTHER_BYTES + (sizeBytes / Manifest.CHUNK_BYTES + 1) * MOST_BYTES_A_CHUNK;
    return (int) Math.min(most, MOST_BYTES);
  }

  /** Empty if there is none that is this base's, and of a disk of this size. */
  static Optional<Manifest> read(ShareFiles files, DiskId id, long sizeBytes) throws IOException {
    String name = SharePaths.manifest(id);
    try {
      if (files.look(name).filter(file -> file.sizeBytes() <= mostBytes(sizeBytes)).isEmpty()) {
        return Optional.empty();
      }
      byte[] bytes = files.small(name, mostBytes(sizeBytes));
      return Optional.of(Manifest.read(new ByteArrayInputStream(bytes), "on a share"))
          .filter(manifest -> manifest.id().equals(id) && manifest.size() == sizeBytes);
    } catch (NoSuchFileException | RatoonException damaged) {
      return Optional.empty();
    }
  }
}
