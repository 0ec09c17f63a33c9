package dev.ratoon.bench;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A folder on a file system of its own, which lies in a sparse file and is mounted by a loop
 * device.
 */
final class LoopFolder implements AutoCloseable {
  private static final long BYTES = 16L << 30;

  private final Path image;
  private final Path folder;

  /**
   * @param kind "ext4" or "xfs"
   */
  LoopFolder(Path work, String kind) throws IOException, InterruptedException {
    this.image = Scratch.sparse(work.resolve(kind + ".img"), BYTES);
    this.folder = Files.createDirectory(work.resolve(kind));
    Tool.run(
        kind.equals("xfs")
            ? List.of("mkfs.xfs", "-q", "-m", "reflink=1", image.toString())
            : List.of("mkfs.ext4", "-q", image.toString()));
    Tool.run("mount", "-o", "loop", image.toString(), folder.toString());
  }

  Path path() {
    return folder;
  }

  /**
   * Bytes of the file system that are taken. XFS frees late what was removed, unless it freezes.
   */
  long takenBytes() throws IOException, InterruptedException {
    Tool.run("fsfreeze", "--freeze", folder.toString());
    Tool.run("fsfreeze", "--unfreeze", folder.toString());
    FileStore store = Files.getFileStore(folder);
    return store.getTotalSpace() - store.getUnallocatedSpace();
  }

  @Override
  public void close() throws IOException {
    try {
      Tool.run("umount", folder.toString());
    } catch (InterruptedException hurry) {
      Thread.currentThread().interrupt();
      return;
    }
    Files.delete(folder);
    Files.delete(image);
  }
}
