package dev.ratoon.cache;

import dev.ratoon.disk.file.ImmutableFlag;
import dev.ratoon.disk.file.Reflink;
import dev.ratoon.disk.file.StoredBytes;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/**
 * What the file system can do on which a folder lies.
 *
 * @param holes zeros of a file take no room
 * @param reflink files can share single blocks of 4 KiB
 * @param immutable a file can be kept from everybody, root included
 */
public record CacheAbilities(boolean holes, boolean reflink, boolean immutable) {
  private static final int SPARSE_BYTES = 1 << 20;

  /**
   * Tries each with files that are gone afterwards.
   *
   * @param folder where this process may write
   */
  public static CacheAbilities of(Path folder) {
    Path file = folder.resolve(UUID.randomUUID() + ".abilities");
    try {
      try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
        sparse.setLength(SPARSE_BYTES);
      }
      boolean holes = StoredBytes.of(file) < SPARSE_BYTES;
      boolean immutable = ImmutableFlag.set(file) && ImmutableFlag.isSet(file);
      return new CacheAbilities(holes, Reflink.isPossible(folder), immutable);
    } catch (IOException cannotEvenWrite) {
      return new CacheAbilities(false, false, false);
    } finally {
      remove(file);
    }
  }

  private static void remove(Path file) {
    try {
      ImmutableFlag.clear(file);
      Files.deleteIfExists(file);
    } catch (IOException leftToTheNextSweep) {
      // it lies where leftovers are swept
    }
  }
}
