package dev.ratoon.agent.adopt;

import dev.ratoon.disk.FileStamp;
import dev.ratoon.disk.file.ImageLocks;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Who on this host can write to a file without opening it again: it is open for writing, or mapped
 * so, in some process; or somebody holds the lock of a writer, perhaps on another host. Source:
 * Linux man-pages, proc_pid_fdinfo(5) and proc_pid_maps(5).
 *
 * @param inodes what was found to be open or mapped for writing
 */
record Writers(Set<Inode> inodes) {
  private static final int ACCESS_MODE = 3;
  private static final int OCTAL = 8;
  private static final int HEXADECIMAL = 16;

  /** A file, whatever its names are. */
  record Inode(long device, long number) {}

  /** As it is now. Needs root, to see the processes of others. */
  static Writers now() {
    Set<Inode> found = new HashSet<>();
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : processes) {
        addOpen(process, found);
        addMapped(process, found);
      }
    } catch (IOException noProc) {
      // Then the locks are all there is to go by.
    }
    return new Writers(Set.copyOf(found));
  }

  private static void addOpen(Path process, Set<Inode> found) {
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(process.resolve("fd"))) {
      for (Path descriptor : descriptors) {
        addIfWriting(process, descriptor, found);
      }
    } catch (IOException ended) {
      // A process that is gone writes nothing.
    }
  }

  private static void addIfWriting(Path process, Path descriptor, Set<Inode> found) {
    try {
      if (!Files.readSymbolicLink(descriptor).startsWith("/")) {
        return;
      }
      List<String> info =
          Files.readAllLines(
              process.resolve("fdinfo").resolve(Objects.requireNonNull(descriptor.getFileName())));
      boolean writes =
          info.stream()
              .filter(line -> line.startsWith("flags:"))
              .mapToInt(line -> Integer.parseUnsignedInt(line.substring(6).strip(), OCTAL))
              .anyMatch(flags -> (flags & ACCESS_MODE) != 0);
      if (writes) {
        Map<String, Object> said = Files.readAttributes(descriptor, "unix:dev,ino");
        found.add(
            new Inode(
                ((Number) Objects.requireNonNull(said.get("dev"))).longValue(),
                ((Number) Objects.requireNonNull(said.get("ino"))).longValue()));
      }
    } catch (IOException | NumberFormatException closedMeanwhile) {
      // So it is not open any more.
    }
  }

  private static void addMapped(Path process, Set<Inode> found) {
    try {
      for (String line : Files.readAllLines(process.resolve("maps"))) {
        String[] words = line.split(" +", 6);
        if (words.length == 6 && words[1].charAt(1) == 'w' && words[1].charAt(3) == 's') {
          String[] device = words[3].split(":");
          long major = Long.parseLong(device[0], HEXADECIMAL);
          long minor = Long.parseLong(device[1], HEXADECIMAL);
          long number = (major & 0xfff) << 8 | (minor & 0xff) | (minor & ~0xffL) << 12;
          found.add(new Inode(number, Long.parseLong(words[4])));
        }
      }
    } catch (IOException | NumberFormatException ended) {
      // A process that is gone writes nothing.
    }
  }

  /** Whether somebody can write to the file; in words, if so. */
  Optional<String> to(Path file, FileStamp stamp) {
    if (inodes.contains(new Inode(stamp.device(), stamp.inode()))) {
      return Optional.of("A process has " + file + " open for writing.");
    }
    return ImageLocks.isWritten(file)
        ? Optional.of("Somebody has locked " + file + " for writing.")
        : Optional.empty();
  }
}
