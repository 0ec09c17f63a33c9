package dev.ratoon.cache;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How far a gentle reading of a base's file has come without finding anything wrong: kept beside
 * the file, because such a reading takes hours, and whoever is restarted goes on there. It holds
 * for the inode that was read, and not for ever: what was read first is to be read again some day.
 *
 * @param inode as in {@link Stamp}
 * @param bytes of the disk, from its beginning
 * @param since when the reading began
 */
record ReadSoFar(String inode, long bytes, Instant since) {
  private static final Duration LONGEST = Duration.ofDays(7);
  private static final int LONGEST_TEXT = 1024;
  private static final Pattern TEXT =
      Pattern.compile("(?<inode>.+) read=(?<bytes>[0-9]{1,18}) since=(?<since>\\S+)\n");

  /** What is said in {@code file} of that inode; nothing was read if it says nothing of use. */
  static ReadSoFar in(Path file, String inode, Instant now) {
    return read(file)
        .filter(known ->
            known.inode.equals(inode)
                && !known.since.isAfter(now)
                && known.since.plus(LONGEST).isAfter(now))
        .orElseGet(() -> new ReadSoFar(inode, 0, now));
  }

  private static Optional<ReadSoFar> read(Path file) {
    try {
      Matcher text = TEXT.matcher(Files.size(file) > LONGEST_TEXT ? "" : Files.readString(file));
      return text.matches()
          ? Optional.of(
              new ReadSoFar(
                  text.group("inode"),
                  Long.parseLong(text.group("bytes")),
                  Instant.parse(text.group("since"))))
          : Optional.empty();
    } catch (IOException | DateTimeParseException nothing) {
      return Optional.empty();
    }
  }

  /** One that gets lost costs time, so it is not synced. */
  void write(Path file) {
    try {
      Path fresh = file.resolveSibling(file.getFileName() + ".new");
      Files.writeString(fresh, "%s read=%d since=%s\n".formatted(inode, bytes, since));
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException beginsAnewThen) {
      // The disk may be full; reading goes on all the same.
    }
  }

  ReadSoFar upTo(long more) {
    return new ReadSoFar(inode, more, since);
  }
}
