package dev.ratoon.cli.disk;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Details;
import dev.ratoon.cli.output.Output;
import dev.ratoon.disk.Finding;
import dev.ratoon.disk.Finding.Severity;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.chain.FileCheck;
import dev.ratoon.disk.chain.PartialChain;
import dev.ratoon.model.Problem;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
    name = "check",
    description = {
      "Look for damage in a disk's files.",
      "Their tables are examined, and all that is stored is read once. Nothing is changed."
    },
    footer = {"", "Exit codes: 0 sound, 8 space is wasted but the content is right, 9 damaged."})
final class DiskCheck implements Callable<Integer> {
  private static final String SOUND = "sound";
  private static final String LEAKS = "leaks";
  private static final String DAMAGED = "damaged";

  private final Session session;

  @Parameters(paramLabel = "FILE", description = "The disk.")
  Path file = Path.of("");

  @Mixin AsOption as = new AsOption();
  @Mixin ChainOptions chain = new ChainOptions();

  DiskCheck(Session session) {
    this.session = session;
  }

  /**
   * @param result sound, leaks or damaged
   * @param problem why the parent of the last file could not be opened
   */
  record CheckView(String result, List<FileFindings> files, Optional<Problem> problem) {}

  record FileFindings(String file, String format, List<Finding> findings) {}

  @Override
  public Integer call() {
    CheckView view = check();
    session.output().one(view, () -> details(view));
    view.problem().ifPresent(problem -> Output.error(session.terminal(), problem));
    return switch (view.result()) {
      case DAMAGED -> ExitCode.UNSOUND;
      case LEAKS -> view.problem().map(ExitCode::of).orElse(ExitCode.LEAKS);
      default -> view.problem().map(ExitCode::of).orElse(ExitCode.OK);
    };
  }

  private CheckView check() {
    try (DiskReader reader = DiskReader.forgetful(session, chain);
        PartialChain found = reader.openWhatIsThere(file, as.formatOf(file))) {
      List<FileFindings> files =
          found.layers().stream().map(layer -> check(reader, layer)).toList();
      String result =
          has(files, Severity.ERROR) ? DAMAGED : has(files, Severity.LEAK) ? LEAKS : SOUND;
      return new CheckView(result, files, found.problem());
    }
  }

  private static FileFindings check(DiskReader reader, Layer layer) {
    List<Finding> findings =
        reader.show(
            "check " + layer.file().getFileName(),
            layer.size(),
            progress -> FileCheck.of(layer.file(), layer.format(), reader.threads(), progress));
    return new FileFindings(layer.file().toString(), layer.format().word(), findings);
  }

  private static boolean has(List<FileFindings> files, Severity severity) {
    return files.stream()
        .flatMap(f -> f.findings().stream())
        .anyMatch(finding -> finding.severity() == severity);
  }

  private static Details details(CheckView view) {
    Details details = new Details(view.result()).line("result", view.result());
    for (FileFindings file : view.files()) {
      details.line("file", file.file() + " (" + file.format() + ")");
      details.lines("", file.findings().stream().map(DiskCheck::line).toList());
    }
    return details;
  }

  private static String line(Finding finding) {
    return switch (finding.severity()) {
      case LEAK -> "leak:   " + finding.what();
      case ERROR -> "error:  " + finding.what();
    };
  }
}
