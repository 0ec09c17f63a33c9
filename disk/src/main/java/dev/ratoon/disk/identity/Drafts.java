package dev.ratoon.disk.identity;

import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;

/**
 * Files of the index, which everybody may lose at any moment: written beside their place and then
 * renamed, and removed when there are too many. Nothing is synced, for each file proves itself.
 */
final class Drafts {
  private static final String DRAFT = ".draft-";

  /** Nobody needs that long to write a file; a draft that is older is a dead writer's. */
  private static final Duration ABANDONED = Duration.ofHours(1);

  private static final Duration WORTH_TOUCHING = Duration.ofHours(1);

  /** Writes a new file. */
  @FunctionalInterface
  interface Writer {
    void write(Path draft) throws IOException;
  }

  private record Kept(Path file, FileTime used, long bytes) {}

  private Drafts() {}

  /** Puts a file in its place, in place of another; if that can't be done, leaves all as it is. */
  static void publish(Path place, Writer writer) {
    Path draft = place.resolveSibling(DRAFT + UUID.randomUUID());
    try {
      writer.write(draft);
      Files.move(draft, place, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException | RatoonException e) {
      // No room, no right: then this is not remembered, and is found out again the next time.
      delete(draft);
    }
  }

  /** Notes that a file was used. */
  static void touch(Path file, Instant now) {
    try {
      Instant last = Files.getLastModifiedTime(file).toInstant();
      if (last.plus(WORTH_TOUCHING).isBefore(now)) {
        Files.setLastModifiedTime(file, FileTime.from(now));
      }
    } catch (IOException gone) {
      // Somebody else has removed it: it is not needed.
    }
  }

  /** Removes abandoned drafts, and the files that were not used for longest, down to the bounds. */
  static void trim(Path folder, int mostFiles, long mostBytes, Instant now) {
    List<Kept> kept = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      for (Path entry : entries) {
        look(entry, kept, now);
      }
    } catch (IOException | DirectoryIteratorException e) {
      return;
    }
    kept.sort(Comparator.comparing(Kept::used));
    long bytes = kept.stream().mapToLong(Kept::bytes).sum();
    int files = kept.size();
    for (Kept oldest : kept) {
      if (files <= mostFiles && bytes <= mostBytes) {
        return;
      }
      delete(oldest.file());
      files--;
      bytes -= oldest.bytes();
    }
  }

  private static void look(Path entry, List<Kept> kept, Instant now) {
    try {
      FileTime used = Files.getLastModifiedTime(entry);
      if (!String.valueOf(entry.getFileName()).startsWith(DRAFT)) {
        kept.add(new Kept(entry, used, Files.size(entry)));
      } else if (used.toInstant().plus(ABANDONED).isBefore(now)) {
        delete(entry);
      }
    } catch (IOException gone) {
      // Another process trims too.
    }
  }

  static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      // What can't be removed does no harm.
    }
  }
}
