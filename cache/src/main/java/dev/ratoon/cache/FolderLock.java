package dev.ratoon.cache;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** The right of one process to a cache's folder. */
record FolderLock(FileChannel channel) implements AutoCloseable {

  /**
   * Takes it.
   *
   * @throws RatoonException {@code already-running} if another process has it
   */
  static FolderLock take(CacheFolder folder) throws IOException {
    FileChannel channel =
        FileChannel.open(folder.lock(), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    @Nullable FileLock lock;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException sameProcess) {
      lock = null;
    }
    if (lock == null) {
      channel.close();
      throw Problem.of(ErrorCode.ALREADY_RUNNING, "opening the cache " + folder.root())
          .detail("Another process has it.")
          .next("Only one Ratoon at a time can use a cache; 'ratoon down' ends the one that runs.")
          .asException();
    }
    return new FolderLock(channel);
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException nothingToDo) {
      // it ends with the process at the latest
    }
  }
}
