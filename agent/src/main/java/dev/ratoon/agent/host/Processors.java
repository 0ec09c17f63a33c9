package dev.ratoon.agent.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What the processors of a host can do. Levels are those of the x86-64 psABI: what each adds is in
 * its table of micro-architecture levels, by the names that Linux gives the features.
 */
public final class Processors {
  private static final Path CPUINFO = Path.of("/proc/cpuinfo");
  private static final String X86_64 = "x86_64";
  private static final List<Set<String>> ADDED_BY_LEVEL =
      List.of(
          Set.of("lm", "cmov", "cx8", "fpu", "fxsr", "mmx", "syscall", "sse2"),
          Set.of("cx16", "lahf_lm", "popcnt", "sse4_1", "sse4_2", "ssse3"),
          Set.of("avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"),
          Set.of("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"));

  private Processors() {}

  /** The architecture, as the kernel calls it. */
  public static String architecture() {
    String java = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
    return switch (java) {
      case "amd64" -> X86_64;
      default -> java;
    };
  }

  /** The level of the least of them: 3 for x86-64-v3; empty where there are no such levels. */
  public static Optional<Integer> level() {
    if (!architecture().equals(X86_64)) {
      return Optional.empty();
    }
    try (Stream<String> lines = Files.lines(CPUINFO)) {
      return level(lines);
    } catch (IOException | RuntimeException unreadable) {
      return Optional.empty();
    }
  }

  /**
   * @param lines of {@code /proc/cpuinfo}
   */
  static Optional<Integer> level(Stream<String> lines) {
    OptionalInt least =
        lines
            .filter(line -> line.startsWith("flags"))
            .map(line -> line.substring(line.indexOf(':') + 1).strip())
            .distinct()
            .map(flags -> Arrays.stream(flags.split(" +")).collect(Collectors.toSet()))
            .mapToInt(Processors::level)
            .min();
    return least.isPresent() && least.getAsInt() > 0
        ? Optional.of(least.getAsInt())
        : Optional.empty();
  }

  private static int level(Set<String> flags) {
    Predicate<Set<String>> has = flags::containsAll;
    return (int) ADDED_BY_LEVEL.stream().takeWhile(has).count();
  }
}
