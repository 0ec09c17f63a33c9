package dev.ratoon.cli.disk;

import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.ParentWitness;
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

  @Option(
      names = "--trust-parents",
      description = "Don't read parents to make sure that they hold what their children record.")
  boolean trustParents;

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

  OpenRules.Chain rules(int mostFiles, ParentWitness witness) {
    for (Path folder : folders) {
      if (!Files.isDirectory(folder)) {
        throw Problem.of(ErrorCode.INVALID_VALUE, "searching '" + folder + "' for parents")
            .detail(Files.exists(folder) ? "It is not a folder." : "There is no such folder.")
            .asException();
      }
    }
    return OpenRules.chain(mostFiles, folders, witness);
  }
}
