package dev.ratoon.disk;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** QEMU's own tools, as oracles for what this module reads and writes. */
public final class Qemu {
  private Qemu() {}

  /** Runs {@code qemu-img} and expects success. */
  public static String img(Object... arguments) {
    return run("qemu-img", List.of(arguments));
  }

  /** Runs commands of {@code qemu-io} on a file and expects success of each. */
  public static void io(Path file, String... commands) {
    List<Object> arguments = new ArrayList<>(List.of("-f", "qcow2"));
    for (String command : commands) {
      arguments.addAll(List.of("-c", command));
    }
    arguments.add(file);
    String output = run("qemu-io", arguments);
    if (output.contains("failed") || output.contains("rror")) {
      throw new AssertionError(output);
    }
  }

  private static String run(String program, List<Object> arguments) {
    List<String> command = new ArrayList<>(List.of(program));
    arguments.forEach(argument -> command.add(argument.toString()));
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new AssertionError(command + ": " + output);
      }
      return output;
    } catch (IOException e) {
      throw new AssertionError(program + " is not installed", e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
