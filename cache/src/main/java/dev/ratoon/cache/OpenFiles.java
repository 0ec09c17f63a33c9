package dev.ratoon.cache;

import dev.ratoon.model.DiskId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Which processes of this host have a base's file open or mapped, whoever they are: guests, readers
 * of this process, an operator's tools. Files are told by their names, which hold the disk id: no
 * file is touched, so none on a dead file server is waited for. Sources: Linux man-pages,
 * proc_pid_fd(5) and proc_pid_maps(5).
 */
public final class OpenFiles {
  private static final int PATH_COLUMN = 5;

  private OpenFiles() {}

  /** The id of a process that has a file of the base open; needs root to see those of others. */
  static Optional<String> processWith(DiskId id) {
    return processWith(path -> isContent(path, id));
  }

  /** The same of files of the base that do not lie in this folder. */
  public static Optional<String> processOutside(DiskId id, Path folder) {
    String own = real(folder) + "/";
    return processWith(path ->
        isContent(path, id) && !(path.startsWith(own) && path.indexOf('/', own.length()) < 0));
  }

  /** The kernel names files by their real paths, whatever link leads to them. */
  private static Path real(Path folder) {
    try {
      return folder.toRealPath();
    } catch (IOException unknown) {
      // Then every one counts.
      return folder;
    }
  }

  private static Optional<String> processWith(Predicate<String> content) {
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : processes) {
        if (hasOpen(process, content) || hasMapped(process, content)) {
          return Optional.of(String.valueOf(process.getFileName()));
        }
      }
      return Optional.empty();
    } catch (IOException | DirectoryIteratorException noProc) {
      // Then the headers are all there is to go by.
      return Optional.empty();
    }
  }

  private static boolean hasOpen(Path process, Predicate<String> content) {
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(process.resolve("fd"))) {
      for (Path descriptor : descriptors) {
        if (content.test(target(descriptor))) {
          return true;
        }
      }
      return false;
    } catch (IOException | DirectoryIteratorException ended) {
      return false;
    }
  }

  private static String target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException closedMeanwhile) {
      return "";
    }
  }

  private static boolean hasMapped(Path process, Predicate<String> content) {
    // Paths may hold any bytes, so nothing is decoded as if it were text in UTF-8.
    try (Stream<String> lines = Files.lines(process.resolve("maps"), StandardCharsets.ISO_8859_1)) {
      return lines
          .map(line -> line.split(" +", PATH_COLUMN + 1))
          .anyMatch(columns -> columns.length > PATH_COLUMN && content.test(columns[PATH_COLUMN]));
    } catch (IOException | UncheckedIOException ended) {
      return false;
    }
  }

  private static boolean isContent(String path, DiskId id) {
    String name = path.substring(path.lastIndexOf('/') + 1);
    return name.startsWith(id.hex() + ".flat.raw") || name.startsWith(id.hex() + ".delta.qcow2");
  }
}
