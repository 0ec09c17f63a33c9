package dev.ratoon.cli.disk;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** What all commands that open disks have in common: how a chain is followed and read. */
final class ChainOptions {
  /** Files that a chain may have. */
  static final int MOST_FILES = 64;

  private static final int MOST_THREADS = 64;

  @Option(
      names = "--search",
      paramLabel = "FOLDER",
      description = "Look there for parents that are not where their children say. Repeatable.")
  List<Path> folders = List.of();

  @Option(names = "--threads", paramLabel = "N", description = "How many work at once (all cores).")
  int threads = Math.clamp(Runtime.getRuntime().availableProcessors(), 1, MOST_THREADS);

  int threads() {
    if (threads < 1 || threads > MOST_THREADS) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "using " + threads + " threads")
          .next("Use 1 to " + MOST_THREADS + ".")
          .asException();
    }
    return threads;
  }

  OpenRules.Chain rules() {
    return rules(MOST_FILES);
  }

  OpenRules.Chain rules(int mostFiles) {
    for (Path folder : folders) {
      if (!Files.isDirectory(folder)) {
        throw Problem.of(ErrorCode.INVALID_VALUE, "searching '" + folder + "' for parents")
            .detail(Files.exists(folder) ? "It is not a folder." : "There is no such folder.")
            .asException();
      }
    }
    return new OpenRules.Chain(mostFiles, folders);
  }

  /** Opens {@code file} with its parents. */
  VirtualDisk open(Path file, AsOption as) {
    return open(file, as.formatOf(file));
  }

  /** Opens {@code file} with its parents. */
  VirtualDisk open(Path file, DiskFormat format) {
    return VirtualDisks.open(file, format, rules());
  }

  /** Opens {@code file} with its parents; its content says what it is. */
  VirtualDisk open(Path file) {
    return open(file, VirtualDisks.formatOf(file));
  }
}
