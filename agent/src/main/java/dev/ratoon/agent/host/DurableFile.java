package dev.ratoon.agent.host;

import dev.ratoon.disk.file.Faults;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;

/** Small files that are there whole or not at all, whenever the power goes. */
public final class DurableFile {
  private DurableFile() {}

  /**
   * Replaces the file's content; when this returns, the new content survives a power loss. Whoever
   * owns the file lets one write it at a time.
   *
   * @throws dev.ratoon.model.RatoonException {@code disk-full} or {@code file-unwritable}; the old
   *     content is then still there
   */
  public static void write(Path file, String content) {
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    try {
      try (FileChannel out =
          FileChannel.open(
              fresh,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE)) {
        Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rw-------"));
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(content);
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
      syncFolder(Objects.requireNonNull(file.toAbsolutePath().getParent()));
    } catch (IOException failed) {
      discard(fresh, failed);
      throw Faults.unwritable(file, failed);
    }
  }

  private static void discard(Path half, IOException reason) {
    try {
      Files.deleteIfExists(half);
    } catch (IOException kept) {
      reason.addSuppressed(kept);
    }
  }

  /** Makes the folder's entries survive a power loss. */
  public static void syncFolder(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
