package dev.ratoon.disk.vhdx;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Paths of Windows, as parent locators have them, and what they can mean here. A drive or volume is
 * taken for the root: that is how {@link #absolute} writes a path of ours.
 */
final class WindowsPaths {
  private static final String LONG_PREFIX = "\\\\?\\";
  private static final Pattern ON_A_VOLUME =
      Pattern.compile("(?:[a-z]:|volume\\{[0-9a-f-]+})\\\\(.*)");

  private WindowsPaths() {}

  /** What {@code recorded}, relative to {@code folder}, names here, if it can name anything. */
  static Optional<Path> fromRelative(String recorded, Path folder) {
    boolean absolute = recorded.startsWith("\\") || recorded.startsWith("/");
    return absolute ? Optional.empty() : resolved(folder, recorded);
  }

  /** What the absolute path {@code recorded} names here, if it can name anything. */
  static Optional<Path> fromAbsolute(String recorded) {
    String path =
        recorded.startsWith(LONG_PREFIX) ? recorded.substring(LONG_PREFIX.length()) : recorded;
    Matcher onAVolume = ON_A_VOLUME.matcher(path.toLowerCase(Locale.ROOT));
    return onAVolume.matches()
        ? resolved(Path.of("/"), path.substring(onAVolume.start(1)))
        : Optional.empty();
  }

  /** A file in {@code folder} of the name in which {@code recorded} ends. */
  static Optional<Path> sameName(String recorded, Path folder) {
    String name = recorded.substring(recorded.lastIndexOf('\\') + 1);
    return name.isEmpty() || name.contains("/") ? Optional.empty() : resolved(folder, name);
  }

  private static Optional<Path> resolved(Path folder, String path) {
    try {
      return path.isEmpty()
          ? Optional.empty()
          : Optional.of(folder.resolve(path.replace('\\', '/')).normalize());
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  /** The path from a folder to a file, both absolute: ".\name", "..\..\folder\name". */
  static String relative(Path folder, Path file) {
    List<String> names = new ArrayList<>();
    folder.normalize().relativize(file.normalize()).forEach(name -> names.add(name.toString()));
    if (!names.getFirst().equals("..")) {
      names.addFirst(".");
    }
    return String.join("\\", names);
  }

  /** An absolute path as if it lay on drive C: "\\?\C:\folder\name". */
  static String absolute(Path file) {
    List<String> names = new ArrayList<>(List.of(LONG_PREFIX + "C:"));
    file.normalize().forEach(name -> names.add(name.toString()));
    return String.join("\\", names);
  }
}
