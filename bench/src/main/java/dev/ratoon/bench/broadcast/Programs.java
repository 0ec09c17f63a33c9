package dev.ratoon.bench.broadcast;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Foreign programs: which are there, run to their end, and run in the background. */
final class Programs {
  /** What the benchmark calls, and the Debian package that it is in. */
  private static final Map<String, String> NEEDED =
      Map.of(
          "ip", "iproute2",
          "tc", "iproute2",
          "ss", "iproute2",
          "socat", "socat",
          "rsync", "rsync",
          "aria2c", "aria2",
          "udp-sender", "udpcast",
          "chattr", "e2fsprogs");

  private static final List<Path> FOLDERS =
      List.of(
          Path.of("/usr/bin"),
          Path.of("/usr/sbin"),
          Path.of("/bin"),
          Path.of("/sbin"),
          Path.of("/usr/local/bin"));

  private Programs() {}

  /** Says in one line how to get what is missing. */
  static void requireAll() throws IOException {
    List<String> missing =
        NEEDED.entrySet().stream()
            .filter(program -> FOLDERS.stream().noneMatch(in -> isThere(in, program.getKey())))
            .map(Map.Entry::getValue)
            .distinct()
            .sorted()
            .toList();
    if (!missing.isEmpty()) {
      throw new IOException(
          "The benchmark needs more: apt-get install " + String.join(" ", missing));
    }
  }

  private static boolean isThere(Path folder, String program) {
    return Files.isExecutable(folder.resolve(program));
  }

  /** Runs a program, which must succeed, and returns what it says. */
  static String run(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int exit = process.waitFor();
    if (exit != 0) {
      throw new IOException(String.join(" ", command) + " ended with " + exit + ": " + said);
    }
    return said;
  }

  /** Starts a program whose output goes to a file. */
  static Process start(List<String> command, Map<String, String> environment, Path output)
      throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
    builder.environment().putAll(environment);
    return builder.start();
  }

  /** Waits for programs that must succeed. */
  static void await(List<Process> processes) throws IOException, InterruptedException {
    for (Process process : processes) {
      int exit = process.waitFor();
      if (exit != 0) {
        throw new IOException(
            process.info().commandLine().orElse("a program") + " ended with " + exit);
      }
    }
  }

  /** Ends programs that were started here, with all that they started. */
  static void end(List<Process> processes) throws InterruptedException {
    List<ProcessHandle> all = new ArrayList<>();
    for (Process process : processes) {
      process.descendants().forEach(all::add);
      all.add(process.toHandle());
    }
    all.forEach(ProcessHandle::destroy);
    for (Process process : processes) {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        all.forEach(ProcessHandle::destroyForcibly);
        int _ = process.waitFor();
      }
    }
  }
}
