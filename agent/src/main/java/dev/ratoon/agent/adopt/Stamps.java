package dev.ratoon.agent.adopt;

import dev.ratoon.disk.FileStamp;
import dev.ratoon.disk.VirtualDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** What the system says of files, by which it shows whether somebody changed them. */
final class Stamps {
  /** Changes that are this close to each other may have the same time. */
  static final Duration CLOCK_GRAIN = Duration.ofSeconds(2);

  private Stamps() {}

  /** Of what lies at this path now; empty if nothing does. A symbolic link is not followed. */
  static Optional<FileStamp> of(Path file) {
    try {
      Map<String, Object> said =
          Files.readAttributes(
              file, "unix:dev,ino,size,lastModifiedTime,ctime", LinkOption.NOFOLLOW_LINKS);
      return Optional.of(
          new FileStamp(
              number(said, "dev"),
              number(said, "ino"),
              number(said, "size"),
              time(said, "lastModifiedTime"),
              time(said, "ctime")));
    } catch (IOException gone) {
      return Optional.empty();
    }
  }

  /** Of the very files that are open; empty if the system cannot be asked about one of them. */
  static Optional<List<FileStamp>> of(VirtualDisk disk) {
    List<FileStamp> stamps = new ArrayList<>();
    for (var layer : disk.layers()) {
      Optional<FileStamp> stamp = layer.stamp();
      if (stamp.isEmpty()) {
        return Optional.empty();
      }
      stamps.add(stamp.get());
    }
    return Optional.of(List.copyOf(stamps));
  }

  /** Whether it changed so recently that a second change might not show. */
  static boolean isFresh(FileStamp stamp, Instant now) {
    return !stamp.changed().plus(CLOCK_GRAIN).isBefore(now);
  }

  private static long number(Map<String, Object> said, String name) {
    return ((Number) Objects.requireNonNull(said.get(name))).longValue();
  }

  private static Instant time(Map<String, Object> said, String name) {
    return ((FileTime) Objects.requireNonNull(said.get(name))).toInstant();
  }
}
