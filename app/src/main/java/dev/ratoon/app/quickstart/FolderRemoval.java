package dev.ratoon.app.quickstart;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/** Removes a folder with all that is in it. Links are removed, never followed. */
public final class FolderRemoval {
  private FolderRemoval() {}

  /**
   * @throws RatoonException {@link ErrorCode#FILE_UNWRITABLE} if something in it cannot be removed
   */
  public static void remove(Path folder) {
    try {
      Files.walkFileTree(folder, new Remover());
    } catch (IOException failed) {
      throw Problem.of(ErrorCode.FILE_UNWRITABLE, "removing " + folder)
          .detail(String.valueOf(failed.getMessage()))
          .asException(failed);
    }
  }

  private static final class Remover extends SimpleFileVisitor<Path> {
    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
      try {
        Files.delete(file);
      } catch (FileSystemException perhapsImmutable) {
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
