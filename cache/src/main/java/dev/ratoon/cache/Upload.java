package dev.ratoon.cache;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * A file on its way into the cache, as it comes from a user. Nothing is believed of it, it has no
 * name that anybody else looks for, and it goes when it is closed, or at the next start of a cache
 * that was killed.
 */
public final class Upload implements Closeable {
  private final Path path;
  private final FileChannel channel;

  Upload(Path path) throws IOException {
    this.path = path;
    Files.createFile(
        path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    this.channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  /** Where the file's bytes go. */
  public FileChannel channel() {
    return channel;
  }

  public Path path() {
    return path;
  }

  /** Removes the file. */
  @Override
  public void close() throws IOException {
    channel.close();
    Files.deleteIfExists(path);
  }
}
