package dev.ratoon.app.quickstart;

import dev.ratoon.app.machine.DataFolder;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The guest that quickstart shows: a few MiB of Linux, built on the spot. */
final class SmallGuest {
  private static final String SCRIPT = "lab/guest/small.sh";

  private SmallGuest() {}

  static Path file(DataFolder folder) {
    return folder.quickstart().resolve("small.qcow2");
  }

  static boolean built(DataFolder folder) {
    return Files.exists(file(folder));
  }

  /**
   * Builds it, unless it is there.
   *
   * @throws RatoonException {@link ErrorCode#PACKAGE_MISSING} with the end of what the build said,
   *     if it failed
   */
  static Path build(DataFolder folder) {
    Path file = file(folder);
    if (Files.exists(file)) {
      return file;
    }
    Path script = Path.of(System.getProperty("ratoon.root", "."), SCRIPT).toAbsolutePath();
    Path half = file.resolveSibling("building-small.qcow2");
    Path said = file.resolveSibling("small.log");
    try {
      Files.createDirectories(file.getParent());
      ProcessBuilder build =
          new ProcessBuilder(script.toString(), half.toString(), "--format", "qcow2");
      // Downloads go where uninstall finds them, unless somebody keeps them elsewhere already.
      build
          .environment()
          .putIfAbsent("RATOON_LAB_CACHE", folder.quickstart().resolve("downloads").toString());
      int code = build.redirectErrorStream(true).redirectOutput(said.toFile()).start().waitFor();
      if (code != 0) {
        throw failed(
            script, "It said last: " + lastLine(said) + " All of it is in " + said + ".", null);
      }
      return Files.move(half, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException broken) {
      throw failed(script, String.valueOf(broken.getMessage()), broken);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw failed(script, "It was interrupted.", stopped);
    }
  }

  private static String lastLine(Path said) throws IOException {
    List<String> lines = Files.readAllLines(said);
    return lines.isEmpty() ? "(nothing)" : lines.getLast();
  }

  private static RatoonException failed(Path script, String why, @Nullable Exception cause) {
    Problem problem =
        Problem.of(ErrorCode.PACKAGE_MISSING, "building the small guest with " + script)
            .detail(why)
            .next(
                "Debian's packages must be reachable; or give an image: ratoon quickstart --image FILE");
    return cause == null ? problem.asException() : problem.asException(cause);
  }
}
