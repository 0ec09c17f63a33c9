package dev.ratoon.bench.broadcast;

import dev.ratoon.bench.Scratch;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
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

  /**
   * Uses the memory that so many copies will take, and frees it. Where this machine is a virtual
   * one, its host hands out each page at its first touch, which takes ten times as long as filling
   * it; that is nothing that any way of copying can help.
   */
  void touchMemory(int copies) throws IOException {
    Path file = folder.resolve("memory");
    ByteBuffer zeros = ByteBuffer.allocateDirect(1 << 20);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (long left = copies * bytes; left > 0; left -= zeros.capacity()) {
        int _ = channel.write(zeros.clear());
      }
    } finally {
      boolean _ = Files.deleteIfExists(file);
    }
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
