package dev.ratoon.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs programs and keeps what they say. */
public final class Shell {
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private Shell() {}

  /** How a program ended and what it said. */
  public record Result(List<String> command, int exit, String out, String err) {

    /** This result, if the program was content. */
    public Result orFail() {
      if (exit != 0) {
        throw new AssertionError(
            "%s ended with %d%n%s%n%s".formatted(String.join(" ", command), exit, out, err));
      }
      return this;
    }
  }

  /** Runs a program to its end; one that takes longer than five minutes is ended and fails. */
  public static Result run(Map<String, String> environment, List<String> command) {
    try {
      Path out = Files.createTempFile("ratoon-lab", ".out");
      Path err = Files.createTempFile("ratoon-lab", ".err");
      try {
        ProcessBuilder builder =
            new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
        builder.environment().putAll(environment);
        builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        Process process = builder.start();
        if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
          process.destroyForcibly().waitFor();
          throw new AssertionError(
              String.join(" ", command) + " did not end within " + PATIENCE + ": " + read(err));
        }
        return new Result(command, process.exitValue(), read(out), read(err));
      } finally {
        Files.delete(out);
        Files.delete(err);
      }
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    } catch (InterruptedException hurried) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted while running " + command, hurried);
    }
  }

  private static String read(Path file) throws IOException {
    return Files.readString(file, StandardCharsets.UTF_8);
  }
}
