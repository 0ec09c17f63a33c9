package dev.ratoon.cli.disk;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.storage.Formats;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.ParentLink;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.PartialChain;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "rebase",
    description = {
      "Give a differencing disk another parent of the same content.",
      "Both parents are read and compared first: nothing changes for the guest."
    },
    footer = {
      "",
      "If the old parent is missing, its recorded disk id or --parent-id stands in",
      "for it. Whatever uses the disk must be stopped.",
      "",
      "Examples:",
      "  ratoon disk rebase web.qcow2 --parent /new/place/debian.raw",
      "  ratoon disk rebase web.qcow2 --parent debian-12.2.raw --copy-differences"
    })
final class DiskRebase implements Callable<Integer> {
  private final Session session;

  @Parameters(paramLabel = "FILE", description = "The differencing disk.")
  Path file = Path.of("");

  @Option(names = "--parent", paramLabel = "NEW", required = true, description = "The new parent.")
  Path parent = Path.of("");

  @Option(
      names = "--parent-format",
      paramLabel = "FORMAT",
      description = "What the new parent is, whatever it looks like (its content tells).")
  @Nullable String parentFormat;

  @Option(
      names = "--parent-id",
      paramLabel = "DISKID",
      description = "The content of the old parent, where that is missing.")
  @Nullable String parentId;

  @Option(
      names = "--copy-differences",
      description = "Take a parent of other content: what differs is first copied into FILE.")
  boolean copyDifferences;

  @Mixin ChainOptions chain = new ChainOptions();

  DiskRebase(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    RebasedView view = rebase();
    session.output().one(view, view::details);
    return ExitCode.OK;
  }

  private RebasedView rebase() {
    DiskFormat format = VirtualDisks.formatOf(file);
    DiskFormat nextFormat =
        parentFormat == null ? VirtualDisks.formatOf(parent) : Formats.named(parentFormat);
    try (DiskReader reader = DiskReader.remembering(session, chain)) {
      Present present = present(reader, format);
      Parentage.check(format, parent, nextFormat);
      return rebase(reader, format, present, nextFormat);
    }
  }

  private RebasedView rebase(
      DiskReader reader, DiskFormat format, Present present, DiskFormat nextFormat) {
    Optional<DiskId> oldId = Optional.ofNullable(parentId).map(DiskId::new);
    try (VirtualDisk next = reader.openParent(parent, nextFormat)) {
      checkIsNoAncestor(next);
      Rebasing rebasing = new Rebasing(file, format, parent, next, reader);
      return switch (present) {
        case Present.There(Path old, DiskFormat oldFormat) ->
            rebasing.from(old, oldFormat, oldId, copyDifferences);
        case Present.Missing(ParentLink link, Problem problem) ->
            rebasing.fromMissing(link, oldId, copyDifferences, problem);
      };
    }
  }

  /** The parent that the disk has now. */
  private sealed interface Present {
    record There(Path file, DiskFormat format) implements Present {}

    record Missing(ParentLink link, Problem problem) implements Present {}
  }

  private Present present(DiskReader reader, DiskFormat format) {
    try (PartialChain chainNow = reader.openWhatIsThere(file, format)) {
      ParentLink link = chainNow.layers().getFirst().parent().orElseThrow(this::noParent);
      if (chainNow.problem().isPresent()) {
        return new Present.Missing(link, chainNow.problem().get());
      }
      Layer old = chainNow.layers().get(1);
      return new Present.There(old.file(), old.format());
    }
  }

  private RatoonException noParent() {
    return Problem.of(ErrorCode.INVALID_VALUE, "rebasing '" + file + "'")
        .detail("The disk has no parent: it holds all of its content itself.")
        .next("Make a child of the other disk: ratoon disk child NEW --parent '" + parent + "'")
        .asException();
  }

  private void checkIsNoAncestor(VirtualDisk next) {
    for (Path ancestor : next.files()) {
      if (isSame(ancestor, file)) {
        throw Problem.of(ErrorCode.INVALID_VALUE, "rebasing '" + file + "'")
            .detail("It would be its own parent: '" + parent + "' is it, or is a child of it.")
            .next("Choose a parent that does not need this disk.")
            .asException();
      }
    }
  }

  private static boolean isSame(Path one, Path other) {
    try {
      return Files.isSameFile(one, other);
    } catch (IOException gone) {
      return false;
    }
  }
}
