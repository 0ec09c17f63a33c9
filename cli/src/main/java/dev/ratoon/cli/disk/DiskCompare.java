package dev.ratoon.cli.disk;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Details;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.copy.Comparison;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "compare",
    description = {
      "Compare what a guest would read from two disks.",
      "Their formats and chains make no difference."
    },
    footer = {
      "",
      "A smaller disk counts as followed by zeros. Exit codes: 0 the same, 1 different,",
      "others: one could not be read."
    })
final class DiskCompare implements Callable<Integer> {
  private final Session session;

  @Parameters(index = "0", paramLabel = "A", description = "One disk.")
  Path one = Path.of("");

  @Parameters(index = "1", paramLabel = "B", description = "The other.")
  Path other = Path.of("");

  @Option(names = "--strict", description = "Disks of different sizes are different.")
  boolean strict;

  @Mixin ChainOptions chain = new ChainOptions();

  DiskCompare(Session session) {
    this.session = session;
  }

  /**
   * @param firstDifferenceBytes offset of the first byte that differs
   */
  record ComparisonView(
      boolean same, Optional<Long> firstDifferenceBytes, long sizeBytesA, long sizeBytesB) {}

  @Override
  public Integer call() {
    ComparisonView view = compare();
    if (!session.output().quiet()) {
      session.output().one(view, () -> details(view));
    }
    return view.same() ? ExitCode.OK : ExitCode.DIFFERENT;
  }

  private ComparisonView compare() {
    try (DiskReader reader = DiskReader.remembering(session, chain);
        VirtualDisk a = reader.open(one);
        VirtualDisk b = reader.open(other)) {
      boolean sizesDiffer = a.size() != b.size();
      OptionalLong first =
          reader.show(
              "compare " + one.getFileName() + " and " + other.getFileName(),
              Math.max(a.size(), b.size()),
              progress -> Comparison.firstDifference(a, b, reader.threads(), progress));
      return new ComparisonView(
          first.isEmpty() && !(strict && sizesDiffer),
          first.isEmpty() ? Optional.empty() : Optional.of(first.getAsLong()),
          a.size(),
          b.size());
    }
  }

  private static Details details(ComparisonView view) {
    Details details = new Details("");
    if (view.same()) {
      details.line("result", "the same");
    } else {
      details.line(
          "result",
          view.firstDifferenceBytes()
              .map(offset -> "different, first at byte " + offset)
              .orElse("different, in size alone"));
    }
    if (view.sizeBytesA() == view.sizeBytesB()) {
      return details.line("size", ChainView.exact(view.sizeBytesA()));
    }
    return details
        .line("size of A", ChainView.exact(view.sizeBytesA()))
        .line("size of B", ChainView.exact(view.sizeBytesB()));
  }
}
