package dev.ratoon.cli.disk;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Output;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.PartialChain;
import dev.ratoon.model.DiskId;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "info",
    description = "Show what a disk is: its format, sizes, identity and parents.",
    footer = {
      "",
      "A disk whose parent is missing is shown as far as it is there; the exit code",
      "says so."
    })
final class DiskInfo implements Callable<Integer> {
  private final Session session;

  @Parameters(paramLabel = "FILE", description = "The disk.")
  Path file = Path.of("");

  @Option(names = "--id", description = "Compute the disk id, too: reads all that is stored.")
  boolean id;

  @Mixin AsOption as = new AsOption();
  @Mixin ChainOptions chain = new ChainOptions();

  DiskInfo(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    try (DiskReader reader = DiskReader.remembering(session, chain);
        PartialChain found = reader.look(file, as.formatOf(file))) {
      boolean whole = found.problem().isEmpty();
      Optional<DiskId> diskId = id && whole ? Optional.of(diskId(reader)) : Optional.empty();
      ChainView view = ChainView.of(found.layers(), found.problem(), diskId);
      session.output().one(view, () -> view.details(found.layers()));
      found.problem().ifPresent(problem -> Output.error(session.terminal(), problem));
      return found.problem().map(ExitCode::of).orElse(ExitCode.OK);
    }
  }

  private DiskId diskId(DiskReader reader) {
    try (VirtualDisk disk = reader.open(file, as)) {
      return reader.manifest(disk, String.valueOf(file.getFileName())).id();
    }
  }
}
