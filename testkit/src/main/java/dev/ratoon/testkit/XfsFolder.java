package dev.ratoon.testkit;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A folder on an XFS of its own, which lies in a sparse file and is mounted by a loop device. For
 * what other file systems cannot do: files that share blocks.
 */
public final class XfsFolder implements AutoCloseable {
  /** The least that mkfs.xfs makes, and some more. */
  private static final long BYTES = 512L << 20;

  private final Path image;
  private final Path folder;

  private XfsFolder(Path image, Path folder) {
    this.image = image;
    this.folder = folder;
  }

  /**
   * Mounts one.
   *
   * @param work where the file system's file and the folder are made
   * @throws IOException if it cannot be mounted: that needs root, loop devices and xfsprogs
   */
  public static XfsFolder mount(Path work) throws IOException {
    XfsFolder xfs = new XfsFolder(work.resolve("xfs.img"), work.resolve("xfs"));
    Files.createDirectories(xfs.folder);
    try (RandomAccessFile image = new RandomAccessFile(xfs.image.toFile(), "rw")) {
      image.setLength(BYTES);
    }
    run(List.of("mkfs.xfs", "-q", xfs.image.toString()));
    run(List.of("mount", "-o", "loop", xfs.image.toString(), xfs.folder.toString()));
    return xfs;
  }

  public Path path() {
    return folder;
  }

  /** Bytes of the file system that are taken. */
  public long takenBytes() throws IOException {
    run(List.of("sync", "-f", folder.toString()));
    var store = Files.getFileStore(folder);
    return store.getTotalSpace() - store.getUnallocatedSpace();
  }

  private static void run(List<String> command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      if (process.waitFor() != 0) {
        throw new IOException(command.getFirst() + ": " + said.strip());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    run(List.of("umount", folder.toString()));
    Files.delete(image);
  }
}
