package dev.ratoon.cli.disk;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Details;
import dev.ratoon.cli.output.Words;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.copy.Difference;
import dev.ratoon.disk.copy.Difference.Part;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.DiskId;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
    name = "diff",
    description = {
      "Show what a disk needs beyond another.",
      "Chunk by chunk: what it would cost to bring B to where A is."
    },
    footer = {
      "",
      "Each of the two may be a manifest in place of a disk, see 'disk manifest'.",
      "",
      "Example:",
      "  ratoon disk diff debian-12.1.qcow2 debian-12.2.qcow2"
    })
final class DiskDiff implements Callable<Integer> {
  private final Session session;

  @Parameters(index = "0", paramLabel = "A", description = "The disk that is there.")
  Path present = Path.of("");

  @Parameters(index = "1", paramLabel = "B", description = "The disk that is wanted.")
  Path wanted = Path.of("");

  @Mixin ChainOptions chain = new ChainOptions();

  DiskDiff(Session session) {
    this.session = session;
  }

  record DifferenceView(
      DiskId diskIdA,
      DiskId diskIdB,
      long sizeBytesA,
      long sizeBytesB,
      Part zero,
      Part same,
      Part elsewhere,
      Part missing,
      long transferBytes) {}

  @Override
  public Integer call() {
    Manifest a;
    Manifest b;
    try (DiskReader reader = DiskReader.remembering(session, chain)) {
      a = manifest(reader, present);
      b = manifest(reader, wanted);
    }
    Difference difference = Difference.between(a, b);
    DifferenceView view =
        new DifferenceView(
            a.id(),
            b.id(),
            a.size(),
            b.size(),
            difference.zero(),
            difference.same(),
            difference.elsewhere(),
            difference.missing(),
            difference.transferBytes());
    session.output().one(view, () -> details(view));
    return ExitCode.OK;
  }

  private static Manifest manifest(DiskReader reader, Path file) {
    if (Manifest.isIn(file)) {
      return Manifest.read(file);
    }
    try (VirtualDisk disk = reader.open(file)) {
      return reader.manifest(disk, String.valueOf(file.getFileName()));
    }
  }

  private static Details details(DifferenceView view) {
    return new Details(String.valueOf(view.transferBytes()))
        .line("A", view.diskIdA() + ", " + Words.size(view.sizeBytesA()))
        .line("B", view.diskIdB() + ", " + Words.size(view.sizeBytesB()))
        .line("zero", part(view.zero()))
        .line("same place", part(view.same()))
        .line("other place", part(view.elsewhere()))
        .line("not in A", part(view.missing()))
        .line("to transfer", ChainView.exact(view.transferBytes()));
  }

  private static String part(Part part) {
    return part.chunks() + " chunks, " + Words.size(part.bytes());
  }
}
