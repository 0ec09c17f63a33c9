package dev.ratoon.bench.knowing;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What the benchmark is told.
 *
 * @param settings how many of the settings are run
 * @param plot where a plot is written
 */
record KnowingOptions(int hosts, long seed, int settings, Optional<Path> plot) {

  static KnowingOptions parse(List<String> words) {
    KnowingOptions options = new KnowingOptions(1000, 2026, Integer.MAX_VALUE, Optional.empty());
    for (int i = 0; i + 1 < words.size(); i += 2) {
      String value = words.get(i + 1);
      options =
          switch (words.get(i)) {
            case "--hosts" -> options.hosts(Integer.parseInt(value));
            case "--seed" -> options.seed(Long.parseLong(value));
            case "--settings" -> options.settings(Integer.parseInt(value));
            case "--plot" -> options.plot(Path.of(value));
            default -> throw usage();
          };
    }
    if (words.size() % 2 != 0) {
      throw usage();
    }
    return options;
  }

  private static IllegalArgumentException usage() {
    return new IllegalArgumentException(
        "usage: bench/run knowing [--hosts N] [--seed S] [--settings N] [--plot FILE.svg]");
  }

  private KnowingOptions hosts(int count) {
    return new KnowingOptions(count, seed, settings, plot);
  }

  private KnowingOptions seed(long other) {
    return new KnowingOptions(hosts, other, settings, plot);
  }

  private KnowingOptions settings(int count) {
    return new KnowingOptions(hosts, seed, count, plot);
  }

  private KnowingOptions plot(Path file) {
    return new KnowingOptions(hosts, seed, settings, Optional.of(file));
  }
}
