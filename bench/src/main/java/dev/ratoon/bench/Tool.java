package dev.ratoon.bench;

import java.io.IOException;
import java.util.List;

/** Foreign programs that are measured beside Ratoon. */
final class Tool {
  private Tool() {}

  /** Runs a program, which must succeed; its output is thrown away. */
  static void run(String... command) throws IOException, InterruptedException {
    run(List.of(command));
  }

  static void run(List<String> command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    int exit = process.waitFor();
    if (exit != 0) {
      throw new IOException(String.join(" ", command) + " ended with " + exit);
    }
  }
}
