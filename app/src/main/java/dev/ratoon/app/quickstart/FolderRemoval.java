package dev.ratoon.app.quickstart;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Removes a folder with all that is in it. Links are removed, never followed; what is mounted in it
 * is not entered.
 */
public final class FolderRemoval {
  private static final Path MOUNTS = Path.of("/proc/self/mountinfo");

  /** Where in a line of it the mount point is. */
  private static final int MOUNT_POINT = 4;

  private FolderRemoval() {}

  /**
   * @throws RatoonException {@link ErrorCode#FILE_UNWRITABLE} if something in it cannot be removed;
   *     {@link ErrorCode#IN_USE} if something is mounted in it: then all of it is still there
   */
  public static void remove(Path folder) {
    try {
      Path root = folder.toAbsolutePath().normalize();
      List<Path> mounted = mountedBelow(root.toRealPath(), Files.readAllLines(MOUNTS));
      if (!mounted.isEmpty()) {
        throw Problem.of(ErrorCode.IN_USE, "removing " + folder)
            .detail("Something is mounted at " + mounted.getFirst() + ".")
            .next("Unmount it first.")
            .asException();
      }
      Files.walkFileTree(root, new Remover(root));
    } catch (IOException failed) {
      throw Problem.of(ErrorCode.FILE_UNWRITABLE, "removing " + folder)
          .detail(String.valueOf(failed.getMessage()))
          .asException(failed);
    }
  }

  /**
   * Also finds what the number of the device does not tell apart: folders of the same file system,
   * bound to another place.
   *
   * @param mountinfo lines as in proc_pid_mountinfo(5)
   */
  static List<Path> mountedBelow(Path root, List<String> mountinfo) {
    return mountinfo.stream()
        .map(line -> Path.of(unescaped(line.split(" ")[MOUNT_POINT])))
        .filter(point -> point.startsWith(root) && !point.equals(root))
        .toList();
  }

  private static String unescaped(String point) {
    return point
        .replace("\\040", " ")
        .replace("\\011", "\t")
        .replace("\\012", "\n")
        .replace("\\134", "\\");
  }

  private static final class Remover extends SimpleFileVisitor<Path> {
    private final Path root;
    private final Object device;

    Remover(Path root) throws IOException {
      this.root = root;
      device = device(root);
    }

    /** Against what is mounted meanwhile. */
    @Override
    public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes)
        throws IOException {
      if (!device(folder).equals(device)) {
        throw new FileSystemException(folder.toString(), null, "is on another file system");
      }
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
      try {
        Files.delete(file);
      } catch (FileSystemException perhapsImmutable) {
        if (!attributes.isRegularFile() || file.equals(root)) {
          throw perhapsImmutable;
        }
        makeMutable(file);
        Files.delete(file);
      }
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException failed)
        throws IOException {
      if (failed != null) {
        throw failed;
      }
      Files.delete(folder);
      return FileVisitResult.CONTINUE;
    }

    private static Object device(Path path) throws IOException {
      return Files.getAttribute(path, "unix:dev", LinkOption.NOFOLLOW_LINKS);
    }

    /** Published base disks may carry the file system's immutable flag. */
    private static void makeMutable(Path file) throws IOException {
      try {
        new ProcessBuilder("chattr", "-i", "--", file.toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start()
            .waitFor();
      } catch (InterruptedException stopped) {
        Thread.currentThread().interrupt();
        throw new IOException(stopped);
      }
    }
  }
}
