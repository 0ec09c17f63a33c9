package dev.ratoon.app.machine;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.client.ServerAccess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;

/**
 * Where all of Ratoon's data on this machine lies.
 *
 * @param home absolute; {@code RATOON_HOME}
 */
public record DataFolder(Path home) {

  public static DataFolder of(Map<String, String> environment) {
    return new DataFolder(ServerAccess.home(environment));
  }

  /** Held by the server process for as long as it lives: the kernel lets go of it at any death. */
  Path lock() {
    return home.resolve("run").resolve("ratoon.lock");
  }

  /** Held by whoever is starting the server process. */
  Path startLock() {
    return home.resolve("run").resolve("start.lock");
  }

  Path pid() {
    return home.resolve("run").resolve("ratoon.pid");
  }

  /** Written by the agent of a joined host when its server has answered. */
  public Path connected() {
    return home.resolve("run").resolve("agent.connected");
  }

  /** JSON lines. */
  public Path log() {
    return home.resolve("log").resolve("ratoon.log");
  }

  /** What the server process wrote when it could not write its log. */
  Path errors() {
    return home.resolve("log").resolve("ratoon.err");
  }

  /** What quickstart keeps: the small guest, and the list of what it made. */
  public Path quickstart() {
    return home.resolve("quickstart");
  }

  /**
   * Makes the folders that a server process needs before it can say anything.
   *
   * @throws RatoonException {@link ErrorCode#FILE_UNWRITABLE} if the user may not
   */
  public DataFolder create() {
    try {
      if (!Files.isDirectory(home)) {
        Files.createDirectories(home);
        // QEMU's user must reach its files below, but need not see what else is there.
        Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwx--x--x"));
      }
      Files.createDirectories(lock().getParent());
      Files.createDirectories(log().getParent());
      return this;
    } catch (IOException unwritable) {
      throw Problem.of(ErrorCode.FILE_UNWRITABLE, "making the data folder " + home)
          .detail("This user may not, or the disk is read-only or full.")
          .next("Run it as root, for example with sudo, or set RATOON_HOME to a folder of yours.")
          .asException(unwritable);
    }
  }
}
