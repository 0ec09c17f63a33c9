package dev.ratoon.cache;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * What a file's inode said when its content was last verified. While it says the same the content
 * is the same, and need not be hashed again. Never the path: another file may have it.
 *
 * @param settled whether the file had been left alone for long enough, or could not be written at
 *     all, when the stamp was taken: a change within the clock's grain of the stamp would not show
 */
record Stamp(String inode, boolean settled) {
  private static final Duration CLOCK_GRAIN = Duration.ofSeconds(2);

  /** The stamp of the file as it is now. */
  static Stamp of(Path file, boolean immutable, Instant now) throws IOException {
    Instant changed = ((FileTime) attribute(file, "unix:ctime")).toInstant();
    PosixFileAttributes basic =
        Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    String inode =
        "dev=%s ino=%s size=%s mtime=%s ctime=%s"
            .formatted(
                attribute(file, "unix:dev"),
                attribute(file, "unix:ino"),
                basic.size(),
                basic.lastModifiedTime().toInstant(),
                changed);
    return new Stamp(inode, immutable || changed.plus(CLOCK_GRAIN).isBefore(now));
  }

  private static Object attribute(Path file, String name) throws IOException {
    return Objects.requireNonNull(Files.getAttribute(file, name, LinkOption.NOFOLLOW_LINKS));
  }

  /** Whether this stamp vouches for a file that has {@code current} now. */
  boolean vouchesFor(Stamp current) {
    return settled && inode.equals(current.inode);
  }

  /**
   * Whether two stamps of one file differ in nothing that writing to it would change: only its mode
   * or flags may.
   */
  static boolean contentUntouched(Stamp before, Stamp after) {
    return withoutCtime(before.inode).equals(withoutCtime(after.inode));
  }

  private static String withoutCtime(String inode) {
    return inode.substring(0, inode.indexOf(" ctime="));
  }

  /**
   * Writes it beside the file, whose own time of change says when the content was verified. A stamp
   * that gets lost costs time, so it is not synced.
   */
  void write(Path file, Instant verified) throws IOException {
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    Files.writeString(fresh, inode + " settled=" + settled + "\n", StandardCharsets.UTF_8);
    Files.setLastModifiedTime(fresh, FileTime.from(verified));
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
  }

  /** When the content was verified for which this file vouches; empty if there is none. */
  static Optional<Instant> verifiedAt(Path file) {
    try {
      return Optional.of(Files.getLastModifiedTime(file).toInstant());
    } catch (IOException missing) {
      return Optional.empty();
    }
  }

  /** The stamp in this file; empty if there is none, or none that can be read. */
  static Optional<Stamp> read(Path file) {
    try {
      String line = Files.readString(file).strip();
      int end = line.lastIndexOf(" settled=");
      return end < 0
          ? Optional.empty()
          : Optional.of(new Stamp(line.substring(0, end), line.endsWith(" settled=true")));
    } catch (IOException missing) {
      return Optional.empty();
    }
  }
}
