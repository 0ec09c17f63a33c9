package dev.ratoon.cli.disk;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Table;
import dev.ratoon.cli.output.Words;
import dev.ratoon.disk.Extent.Kind;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.ChainMap;
import dev.ratoon.disk.chain.ChainMap.Stretch;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
    name = "map",
    description = "Show which parts of a disk are stored, and in which file.",
    footer = {
      "",
      "data: stored; zero: marked as zero by a file; hole: in no file, reads as zeros.",
      "The depth is 0 for the disk's own file, 1 for its parent, and so on."
    })
final class DiskMap implements Callable<Integer> {
  private final Session session;

  @Parameters(paramLabel = "FILE", description = "The disk.")
  Path file = Path.of("");

  @Mixin AsOption as = new AsOption();
  @Mixin ChainOptions chain = new ChainOptions();

  DiskMap(Session session) {
    this.session = session;
  }

  /**
   * @param depth the file that decides, 0 for the disk's own; absent for holes
   */
  record StretchView(
      long offsetBytes,
      long lengthBytes,
      Kind kind,
      Optional<Integer> depth,
      Optional<String> file) {}

  @Override
  public Integer call() {
    try (DiskReader reader = DiskReader.remembering(session, chain);
        VirtualDisk disk = reader.open(file, as)) {
      List<Path> files = disk.files();
      List<StretchView> stretches =
          ChainMap.of(disk).stream().map(stretch -> view(stretch, files)).toList();
      session.output().list(stretches, table(), "");
    }
    return ExitCode.OK;
  }

  private static StretchView view(Stretch stretch, List<Path> files) {
    Optional<Integer> depth =
        stretch.depth().isPresent() ? Optional.of(stretch.depth().getAsInt()) : Optional.empty();
    return new StretchView(
        stretch.extent().offset(),
        stretch.extent().length(),
        stretch.extent().kind(),
        depth,
        depth.map(d -> files.get(d).toString()));
  }

  private static Table<StretchView> table() {
    return Table.<StretchView>named(s -> String.valueOf(s.offsetBytes()))
        .number("OFFSET", s -> String.valueOf(s.offsetBytes()))
        .number("LENGTH", s -> String.valueOf(s.lengthBytes()))
        .number("SIZE", s -> Words.size(s.lengthBytes()))
        .text("KIND", s -> Words.of(s.kind()))
        .number("DEPTH", s -> Words.orDash(s.depth()))
        .text("FILE", s -> Words.orDash(s.file()));
  }
}
