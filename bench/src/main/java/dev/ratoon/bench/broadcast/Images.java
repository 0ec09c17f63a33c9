package dev.ratoon.bench.broadcast;

import dev.ratoon.bench.Scratch;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** Files of random bytes, each other than all before. */
final class Images {
  private final Path folder;
  private final long bytes;
  private int made;

  Images(Path folder, long bytes) {
    this.folder = folder;
    this.bytes = bytes;
  }

  /** A file, and what its content is. */
  @SuppressWarnings("ArrayRecordComponent") // read, never compared
  record Image(Path file, long bytes, byte[] digest) {
    void remove() throws IOException {
      boolean _ = Files.deleteIfExists(file);
    }
  }

  Image fresh() throws IOException {
    made++;
    Path file = Scratch.random(folder.resolve("image-" + made + ".raw"), bytes, made, bytes);
    return new Image(file, bytes, sha256(file));
  }

  static byte[] sha256(Path file) throws IOException {
    try (InputStream content = Files.newInputStream(file)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] piece = new byte[1 << 20];
      for (int count = content.read(piece); count >= 0; count = content.read(piece)) {
        digest.update(piece, 0, count);
      }
      return digest.digest();
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }
}
