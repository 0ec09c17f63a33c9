package dev.ratoon.disk.vhdx;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Programs of others, which are expected to be there and to succeed. */
final class Tool {
  private Tool() {}

  /** Runs a program and answers what it printed to its standard output. */
  static String run(Object... command) {
    try {
      Path output = Files.createTempFile("tool", ".out");
      try {
        runInto(output, command);
        return Files.readString(output);
      } finally {
        Files.delete(output);
      }
    } catch (IOException e) {
      throw new AssertionError(Arrays.toString(command), e);
    }
  }

  /** The same, with the output in a file: some programs leave others behind that keep it open. */
  static void runInto(Path output, Object... command) {
    List<String> words = Arrays.stream(command).map(Object::toString).toList();
    try {
      Path errors = Files.createTempFile("tool", ".err");
      try {
        Process process =
            new ProcessBuilder(words)
                .redirectOutput(output.toFile())
                .redirectError(errors.toFile())
                .start();
        process.getOutputStream().close();
        if (process.waitFor() != 0) {
          throw new AssertionError(words + ": " + Files.readString(errors));
        }
      } finally {
        Files.delete(errors);
      }
    } catch (IOException e) {
      throw new AssertionError(words.getFirst() + " is not installed, or has no room", e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
