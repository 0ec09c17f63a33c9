package dev.ratoon.cache;

import dev.ratoon.disk.file.StoredBytes;
import dev.ratoon.disk.file.UnsharedBytes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a base adds to the disk when it shares blocks with bases that are there: noted when it
 * comes, because afterwards nobody can tell who was first, and what all say would not add up.
 */
final class AddedBytes {
  private static final int LONGEST_TEXT = 20;

  private AddedBytes() {}

  /** What was noted; empty if nothing is shared, or nobody could tell. */
  static Optional<Long> in(Path note) {
    try {
      return Files.exists(note) && Files.size(note) <= LONGEST_TEXT
          ? Optional.of(Long.parseLong(Files.readString(note).strip()))
          : Optional.empty();
    } catch (IOException | NumberFormatException unreadable) {
      return Optional.empty();
    }
  }

  /** Notes it, if part of the file is shared; a note that gets lost is only missed. */
  static void note(Path file, Path note) throws IOException {
    OptionalLong own = UnsharedBytes.of(file);
    if (own.isEmpty() || own.getAsLong() >= StoredBytes.of(file)) {
      Files.deleteIfExists(note);
      return;
    }
    Path fresh = note.resolveSibling(note.getFileName() + ".new");
    Files.writeString(fresh, own.getAsLong() + "\n");
    Files.move(fresh, note, StandardCopyOption.ATOMIC_MOVE);
  }
}
