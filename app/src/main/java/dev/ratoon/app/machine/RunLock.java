package dev.ratoon.app.machine;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * Who serves a data folder. The lock says whether somebody does; the pid file beside it says who.
 *
 * <p>A pid alone proves nothing: after a kill or a reboot it may be another process's. So the file
 * also holds when the process began, and all must fit before a process is taken for ours. A process
 * that was killed and whom nobody has waited for yet still seems alive; the lock knows better.
 */
public final class RunLock implements AutoCloseable {
  private static final int ATTEMPTS = 10;
  private static final long PAUSE_NANOS = 20_000_000;

  private final FileChannel channel;

  private RunLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Makes this process the one that serves the folder, until it ends or closes the lock.
   *
   * @throws RatoonException {@link ErrorCode#ALREADY_RUNNING} if another one does
   */
  public static RunLock take(DataFolder folder) {
    try {
      FileChannel channel = open(folder.lock());
      if (!locked(channel)) {
        channel.close();
        throw Problem.of(ErrorCode.ALREADY_RUNNING, "starting Ratoon in " + folder.home())
            .detail(
                "Process " + owner(folder).map(ProcessHandle::pid).orElse(0L) + " already does.")
            .next("End it with: ratoon down")
            .asException();
      }
      ProcessHandle self = ProcessHandle.current();
      Files.writeString(folder.pid(), self.pid() + " " + began(self) + "\n");
      return new RunLock(channel);
    } catch (IOException failed) {
      throw unwritable(folder.lock(), failed);
    }
  }

  /** Waits for the right to start a server process in the folder. */
  static RunLock toStart(DataFolder folder) {
    try {
      FileChannel channel = open(folder.startLock());
      channel.lock();
      return new RunLock(channel);
    } catch (IOException failed) {
      throw unwritable(folder.startLock(), failed);
    }
  }

  /** The process that serves the folder, if one does. */
  static Optional<ProcessHandle> owner(DataFolder folder) {
    try (FileChannel channel = FileChannel.open(folder.lock(), StandardOpenOption.READ)) {
      if (channel.tryLock(0, Long.MAX_VALUE, true) != null) {
        return Optional.empty();
      }
      String[] words = Files.readString(folder.pid()).strip().split(" ");
      return ProcessHandle.of(Long.parseLong(words[0]))
          .filter(ProcessHandle::isAlive)
          .filter(process -> words.length == 2 && words[1].equals(began(process)));
    } catch (IOException | NumberFormatException nobody) {
      return Optional.empty();
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException gone) {
      // The lock is gone either way.
    }
  }

  /** Tries for a while: whoever only asks for the owner holds a shared lock for a moment. */
  private static boolean locked(FileChannel channel) throws IOException {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (channel.tryLock() != null) {
        return true;
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
    return false;
  }

  private static String began(ProcessHandle process) {
    return process.info().startInstant().map(Instant::toEpochMilli).orElse(0L).toString();
  }

  private static FileChannel open(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
  }

  private static RatoonException unwritable(Path file, IOException cause) {
    return Problem.of(ErrorCode.FILE_UNWRITABLE, "locking " + file)
        .detail(String.valueOf(cause.getMessage()))
        .next("Run it as root, for example with sudo.")
        .asException(cause);
  }
}
