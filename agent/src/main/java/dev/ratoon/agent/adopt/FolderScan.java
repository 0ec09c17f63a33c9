package dev.ratoon.agent.adopt;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The regular files below a path that an operator named. Symbolic links are not followed, Ratoon's
 * own files are passed over, and a folder that cannot be looked at in reasonable time is refused.
 */
final class FolderScan extends SimpleFileVisitor<Path> {
  private static final int DEEPEST = 8;
  private static final int MOST_ENTRIES = 20_000;

  private final Path root;
  private final Path home;
  private final List<Path> files = new ArrayList<>();
  private int entries;

  private FolderScan(Path root, Path home) {
    this.root = root;
    this.home = home;
  }

  /**
   * The files, in the order of their paths.
   *
   * @param root a file or a folder, its real path
   * @param home where Ratoon keeps its own files
   * @throws RatoonException {@code invalid-value} if it lies in {@code home}, {@code too-large},
   *     {@code not-found}, {@code file-unreadable}
   */
  static List<Path> files(Path root, Path home) {
    if (root.startsWith(home)) {
      throw Problem.of(ErrorCode.INVALID_VALUE, doing(root))
          .detail("Ratoon's own files are there, in " + home + ".")
          .next("Name a file or a folder of yours.")
          .asException();
    }
    FolderScan scan = new FolderScan(root, home);
    try {
      Files.walkFileTree(root, Set.of(), DEEPEST, scan);
    } catch (NoSuchFileException gone) {
      throw Problem.of(ErrorCode.NOT_FOUND, doing(root))
          .detail("There is no such file or folder on this host.")
          .next("The path is one on the host whose disks are to be adopted.")
          .asException(gone);
    } catch (IOException unreadable) {
      throw Problem.of(ErrorCode.FILE_UNREADABLE, doing(root))
          .detail(String.valueOf(unreadable.getMessage()))
          .asException(unreadable);
    }
    return scan.files.stream().sorted().toList();
  }

  @Override
  public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
    count();
    return folder.startsWith(home) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
  }

  @Override
  public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
    count();
    if (attributes.isRegularFile()) {
      files.add(file);
    }
    return FileVisitResult.CONTINUE;
  }

  @Override
  public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
    if (file.equals(root)) {
      throw failure;
    }
    return FileVisitResult.CONTINUE;
  }

  private void count() {
    if (++entries > MOST_ENTRIES) {
      throw Problem.of(ErrorCode.TOO_LARGE, doing(root))
          .detail("There are more than " + MOST_ENTRIES + " files and folders.")
          .next("Name a folder that is nearer to the disks.")
          .asException();
    }
  }

  private static String doing(Path root) {
    return "looking for disks in '" + root + "'";
  }
}
