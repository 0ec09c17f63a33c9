package dev.ratoon.disk.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** How much of the host's disk a sparse file takes. */
public final class StoredBytes {
  private StoredBytes() {}

  /**
   * Bytes of the file that are not in holes; its length where holes cannot be seen; 0 if it is not
   * there. The file may be written to meanwhile.
   */
  public static long of(Path file) {
    try {
      long length = Files.size(file);
      Optional<HoleFinder> holes = HoleFinder.open(file);
      if (holes.isEmpty()) {
        return length;
      }
      try (HoleFinder finder = holes.get()) {
        long stored = 0;
        long at = finder.nextData(0, length);
        while (at < length) {
          long end = Math.max(finder.nextHole(at, length), at + 1);
          stored += end - at;
          at = finder.nextData(end, length);
        }
        return stored;
      }
    } catch (IOException gone) {
      return 0;
    }
  }
}
