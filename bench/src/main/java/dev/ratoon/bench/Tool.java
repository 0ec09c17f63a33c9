package dev.ratoon.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
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

  /** What a program says, which must succeed. */
  static String output(List<String> command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int exit = process.waitFor();
    if (exit != 0) {
      throw new IOException(String.join(" ", command) + " ended with " + exit);
    }
    return said;
  }

  /**
   * What a program took.
   *
   * @param seconds until it had ended
   * @param cpuSeconds of all its threads, in the kernel too
   */
  record Cost(double seconds, double cpuSeconds) {}

  /** Runs a program, which must succeed, and measures it. */
  static Cost measure(String... command) throws IOException, InterruptedException {
    List<String> timed =
        new ArrayList<>(
            List.of(
                "bash",
                "-c",
                "exec 3>&2; TIMEFORMAT='%R %U %S'; { time \"$@\" >/dev/null 2>&3; } 2>&1",
                "-"));
    timed.addAll(List.of(command));
    String[] said = output(timed).strip().split(" ");
    return new Cost(
        Double.parseDouble(said[0]), Double.parseDouble(said[1]) + Double.parseDouble(said[2]));
  }
}
