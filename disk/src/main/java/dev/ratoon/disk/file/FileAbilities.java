package dev.ratoon.disk.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * What a file system can do for the files of one folder, found by trying: what a kind of file
 * system can do in general depends on how it was made and mounted.
 *
 * @param holes whether what was never written takes no room, and can be told from zeros
 * @param reflinks whether files can share single blocks of 4 KiB
 * @param immutable whether a file can be made immutable, see {@link ImmutableFlag}
 */
public record FileAbilities(boolean holes, boolean reflinks, boolean immutable) {
  public static final FileAbilities NONE = new FileAbilities(false, false, false);

  private static final long HOLE_BYTES = 1 << 20;
  private static final int DATA_BYTES = 64 << 10;

  /**
   * Tries them on small files of its own, which are removed again.
   *
   * @throws IOException if there can be no files in the folder
   */
  public static FileAbilities in(Path folder) throws IOException {
    Path file = folder.resolve(UUID.randomUUID() + ".ability");
    try {
      try (FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        channel.write(ByteBuffer.wrap(new byte[] {1}), HOLE_BYTES);
        channel.write(ByteBuffer.allocate(DATA_BYTES), HOLE_BYTES + 1);
      }
      boolean holes = StoredBytes.of(file) < HOLE_BYTES;
      boolean reflinks = Reflink.isPossible(folder);
      boolean immutable = ImmutableFlag.set(file) && ImmutableFlag.isSet(file);
      return new FileAbilities(holes, reflinks, immutable);
    } finally {
      ImmutableFlag.clear(file);
      Files.deleteIfExists(file);
    }
  }
}
