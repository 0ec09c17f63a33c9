package dev.ratoon.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Foreign programs that are measured beside Ratoon. */
final class Tool {
  /** On every Linux that runs Java. */
  private static final double TICKS_EACH_SECOND = 100;

  private Tool() {}

  /**
   * Ends the benchmark in words if a program is not there.
   *
   * @param program its name, or its whole path
   * @param debianPackage where it comes from
   */
  static void require(String program, String debianPackage) {
    List<Path> folders =
        program.startsWith("/")
            ? List.of(Path.of("/"))
            : Stream.of(System.getenv("PATH").split(":", -1)).map(Path::of).toList();
    if (folders.stream().noneMatch(folder -> Files.isExecutable(folder.resolve(program)))) {
      System.err.println(
          "This benchmark needs "
              + program
              + ". On Debian: apt-get install --no-install-recommends "
              + debianPackage);
      System.exit(2);
    }
  }

  static boolean isRoot() {
    return System.getProperty("user.name").equals("root");
  }

  /**
   * Processor time of the children of a process that have ended, and of theirs. Source: Linux
   * man-pages, proc_pid_stat(5), fields 16 and 17.
   */
  static double endedCpuSeconds(ProcessHandle process) throws IOException {
    String stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
    String[] behindName = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return (Long.parseLong(behindName[13]) + Long.parseLong(behindName[14])) / TICKS_EACH_SECOND;
  }

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
