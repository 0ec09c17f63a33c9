package dev.ratoon.disk;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Foreign programs, as oracles for what this module reads and writes. */
public final class Tools {
  private Tools() {}

  /** Runs a program, expects success, and gives all that it printed, errors too, as text. */
  public static String text(List<?> command) {
    return new String(run(command, true), StandardCharsets.UTF_8);
  }

  /** Runs a program, expects success, and gives what it wrote to its output. */
  public static byte[] bytes(List<?> command) {
    return run(command, false);
  }

  private static byte[] run(List<?> command, boolean withErrors) {
    List<String> words = new ArrayList<>();
    command.forEach(word -> words.add(word.toString()));
    ProcessBuilder builder = new ProcessBuilder(words);
    if (withErrors) {
      builder.redirectErrorStream(true);
    } else {
      builder.redirectError(Path.of("/dev/null").toFile());
    }
    try {
      Process process = builder.start();
      process.getOutputStream().close();
      byte[] output = process.getInputStream().readAllBytes();
      if (process.waitFor() != 0) {
        throw new AssertionError(
            words + ": " + (withErrors ? new String(output, StandardCharsets.UTF_8) : "failed"));
      }
      return output;
    } catch (IOException e) {
      throw new AssertionError(words.getFirst() + " is not installed", e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
