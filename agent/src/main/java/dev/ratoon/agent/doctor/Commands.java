package dev.ratoon.agent.doctor;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Runs the system's programs. */
final class Commands {
  /** Long enough for packages over a slow line. */
  private static final Duration PATIENCE = Duration.ofMinutes(20);

  private static final int SHOWN = 2000;

  /** What a program said, on both streams, and with which code it ended. */
  record Outcome(int code, String said) {}

  /**
   * @throws dev.ratoon.model.RatoonException if the program cannot run or does not end
   */
  Outcome run(List<String> command) {
    String doing = "running '" + String.join(" ", command) + "'";
    Path output = null;
    try {
      // A file, not a pipe: a daemon that the program leaves behind would hold a pipe open.
      output = Files.createTempFile("ratoon-doctor", ".out");
      ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
      builder.environment().put("DEBIAN_FRONTEND", "noninteractive");
      builder.environment().put("LC_ALL", "C.UTF-8");
      Process process = builder.redirectOutput(output.toFile()).start();
      if (!process.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
        throw Problem.of(ErrorCode.TIMED_OUT, doing).asException();
      }
      return new Outcome(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
    } catch (IOException failed) {
      throw Problem.of(ErrorCode.INTERNAL, doing)
          .detail(String.valueOf(failed.getMessage()))
          .asException(failed);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw Problem.of(ErrorCode.INTERRUPTED, doing).asException(stop);
    } finally {
      delete(output);
    }
  }

  /**
   * Runs a program that must succeed.
   *
   * @throws dev.ratoon.model.RatoonException if it does not, with the end of what it said
   */
  void mustRun(ErrorCode code, List<String> command) {
    Outcome outcome = run(command);
    if (outcome.code() != 0) {
      String said = outcome.said().strip();
      throw Problem.of(code, "running '" + String.join(" ", command) + "'")
          .detail(said.substring(Math.max(0, said.length() - SHOWN)))
          .asException();
    }
  }

  /** Whether services are systemd's to start. */
  boolean systemdRuns() {
    return Files.isDirectory(Path.of("/run/systemd/system"));
  }

  private static void delete(@Nullable Path file) {
    if (file != null && !file.toFile().delete()) {
      file.toFile().deleteOnExit();
    }
  }
}
