package dev.ratoon.agent.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where file systems are mounted, as the kernel says it. A file gets a second name only within one
 * mount: the same file system mounted twice, and a part of it that is mounted elsewhere once more,
 * count as others, though the device is the same.
 */
public final class Mounts {
  private static final Path TABLE = Path.of("/proc/self/mountinfo");
  private static final int POINT = 4;
  private static final Pattern ESCAPED = Pattern.compile("\\\\([0-7]{3})");

  private final List<Path> points;

  private Mounts(List<Path> points) {
    this.points = points;
  }

  /** As they are now. */
  public static Mounts now() {
    try {
      return of(Files.readAllLines(TABLE));
    } catch (IOException unreadable) {
      return new Mounts(List.of());
    }
  }

  static Mounts of(List<String> table) {
    return new Mounts(
        table.stream()
            .map(line -> line.split(" ", POINT + 2))
            .filter(fields -> fields.length == POINT + 2)
            .map(fields -> Path.of(unescaped(fields[POINT])))
            .toList());
  }

  /** Blanks and the like are written by their number. */
  private static String unescaped(String field) {
    return ESCAPED
        .matcher(field)
        .replaceAll(found ->
            Matcher.quoteReplacement(
                String.valueOf((char) Integer.parseInt(found.group(1), Byte.SIZE))));
  }

  /** Whether a file may get a name in a folder; not if that cannot be told. */
  public boolean canLink(Path file, Path folder) {
    try {
      Path from = file.toRealPath();
      Path to = folder.toRealPath();
      return Files.getAttribute(from, "unix:dev").equals(Files.getAttribute(to, "unix:dev"))
          && point(from).equals(point(to));
    } catch (IOException gone) {
      return false;
    }
  }

  /** The last of the longest: what was mounted there before lies below it. */
  private Optional<Path> point(Path real) {
    return points.stream()
        .filter(real::startsWith)
        .reduce((a, b) -> a.getNameCount() > b.getNameCount() ? a : b);
  }
}
