package dev.ratoon.cli.disk;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Details;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.DiskId;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "verify",
    description = "Verify that a disk has the content that an id or a manifest says.",
    footer = {
      "",
      "With a manifest, the first chunk that differs is named. Exit codes: 0 it has,",
      "1 it has not, others: it could not be read.",
      "",
      "Examples:",
      "  ratoon disk verify web.qcow2 --manifest web.manifest",
      "  ratoon disk verify base.vhdx --id $(ratoon disk id base.raw)"
    })
final class DiskVerify implements Callable<Integer> {
  private final Session session;

  @Parameters(paramLabel = "FILE", description = "The disk.")
  Path file = Path.of("");

  @ArgGroup(multiplicity = "1")
  Wanted wanted = new Wanted();

  @Mixin AsOption as = new AsOption();
  @Mixin ChainOptions chain = new ChainOptions();

  DiskVerify(Session session) {
    this.session = session;
  }

  static final class Wanted {
    @Option(names = "--id", paramLabel = "DISKID", description = "The id that it must have.")
    @Nullable String id;

    @Option(
        names = "--manifest",
        paramLabel = "FILE",
        description = "The manifest that it must have, see 'disk manifest'.")
    @Nullable Path manifest;
  }

  /**
   * @param firstDifferenceBytes offset of the first chunk that differs, if a manifest tells
   */
  record VerdictView(
      boolean same,
      DiskId diskId,
      DiskId expectedDiskId,
      long sizeBytes,
      Optional<Long> expectedSizeBytes,
      Optional<Long> firstDifferenceBytes) {}

  @Override
  public Integer call() {
    Optional<Manifest> expected = Optional.ofNullable(wanted.manifest).map(Manifest::read);
    DiskId id = expected.map(Manifest::id).orElseGet(() -> new DiskId(String.valueOf(wanted.id)));
    Manifest found = hashed();
    boolean same = found.id().equals(id);
    VerdictView view =
        new VerdictView(
            same,
            found.id(),
            id,
            found.size(),
            expected.map(Manifest::size),
            same ? Optional.empty() : expected.map(e -> firstDifference(e, found)));
    session.output().one(view, () -> details(view));
    return same ? ExitCode.OK : ExitCode.DIFFERENT;
  }

  private Manifest hashed() {
    try (DiskReader reader = DiskReader.forgetful(session, chain);
        VirtualDisk disk = reader.open(file, as)) {
      return reader.manifest(disk, String.valueOf(file.getFileName()));
    }
  }

  /** Where two different manifests begin to differ; the smaller size if only their sizes do. */
  private static long firstDifference(Manifest one, Manifest other) {
    long common = Math.min(one.chunks(), other.chunks());
    long chunk = 0;
    while (chunk < common && sameChunk(one, other, chunk)) {
      chunk++;
    }
    return Math.min(chunk * Manifest.CHUNK_BYTES, Math.min(one.size(), other.size()));
  }

  private static boolean sameChunk(Manifest one, Manifest other, long chunk) {
    return one.isZero(chunk)
        ? other.isZero(chunk)
        : !other.isZero(chunk) && other.matches(chunk, one.sha256(chunk));
  }

  private static Details details(VerdictView view) {
    Details details =
        new Details(view.diskId().toString())
            .line("result", view.same() ? "as expected" : "different")
            .line("disk id", view.diskId());
    if (view.same()) {
      return details;
    }
    details.line("expected", view.expectedDiskId()).line("size", ChainView.exact(view.sizeBytes()));
    view.expectedSizeBytes()
        .filter(size -> size != view.sizeBytes())
        .ifPresent(size -> details.line("expected size", ChainView.exact(size)));
    return details.line(
        "differs", view.firstDifferenceBytes().map(at -> "first in the chunk at byte " + at));
  }
}
