package dev.ratoon.cli.disk;

import dev.ratoon.disk.identity.DiskIndex;
import dev.ratoon.model.RatoonException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;

/**
 * What this user's commands remember of disks: in {@code $XDG_CACHE_HOME/ratoon/disks}, by default
 * {@code ~/.cache/ratoon/disks}. Everything there can be removed at any time.
 *
 * @param index open
 */
record RememberedDisks(DiskIndex index) {

  /** Empty where there is no place to remember anything, which costs nothing but time. */
  static Optional<RememberedDisks> of(Map<String, String> environment) {
    try {
      return folder(environment)
          .map(folder ->
              new RememberedDisks(
                  DiskIndex.open(folder, DiskIndex.Bounds.STANDARD, InstantSource.system())));
    } catch (RatoonException | InvalidPathException unusable) {
      return Optional.empty();
    }
  }

  private static Optional<Path> folder(Map<String, String> environment) {
    return Optional.ofNullable(environment.get("XDG_CACHE_HOME"))
        .filter(path -> path.startsWith("/"))
        .map(Path::of)
        .or(() ->
            Optional.ofNullable(environment.get("HOME"))
                .filter(path -> path.startsWith("/"))
                .map(home -> Path.of(home, ".cache")))
        .map(cache -> cache.resolve("ratoon").resolve("disks"));
  }
}
