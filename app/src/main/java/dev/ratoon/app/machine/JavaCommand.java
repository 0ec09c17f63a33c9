package dev.ratoon.app.machine;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The command line that runs this program once more, as the server. */
final class JavaCommand {
  private static final String PROGRAM = "dev.ratoon.app.Main";

  private JavaCommand() {}

  static List<String> serve(Optional<String> listen) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // A heap that grows when needed and goes back when not: most of the memory is for VMs.
    command.addAll(List.of("-Xms32m", "-Xmx" + heap(), "-XX:-UsePerfData"));
    command.addAll(collector(heap()));
    // Better no agent than half of one: VMs run on, and the next start finds them.
    command.add("-XX:+ExitOnOutOfMemoryError");
    command.addAll(
        List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"));
    Optional.ofNullable(System.getProperty("ratoon.aot"))
        .ifPresent(cache -> command.addAll(List.of("-XX:AOTCache=" + cache, "-Xlog:disable")));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(PROGRAM, "serve"));
    listen.ifPresent(address -> command.addAll(List.of("--listen", address)));
    return command;
  }

  /** As the launcher has it, for those in the foreground. */
  private static List<String> collector(String heap) {
    boolean large = heap.endsWith("g") || heap.endsWith("G");
    return large ? List.of("-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20") : List.of("-XX:+UseSerialGC");
  }

  /** {@code RATOON_HEAP}, in the JVM's own notation: manifests of large disks need more. */
  private static String heap() {
    String wanted = System.getenv().getOrDefault("RATOON_HEAP", "512m");
    if (!wanted.matches("[1-9][0-9]{0,8}[kKmMgG]?")) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading RATOON_HEAP '" + wanted + "'")
          .next("Write a number with a unit, for example 512m or 4g.")
          .asException();
    }
    return wanted;
  }
}
