package dev.ratoon.cli.disk;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.manifest.Manifest;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "manifest",
    description = {
      "Write a disk's manifest: the digest of each chunk of 64 KiB.",
      "'disk verify' and 'disk diff' take it in place of the disk."
    },
    footer = {"", "Example:", "  ratoon disk manifest web.qcow2 --out web.manifest"})
final class DiskManifest implements Callable<Integer> {
  private final Session session;

  @Parameters(paramLabel = "FILE", description = "The disk.")
  Path file = Path.of("");

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "The new file; without it there is only the summary.")
  @Nullable Path out;

  @Mixin AsOption as = new AsOption();
  @Mixin ChainOptions chain = new ChainOptions();

  DiskManifest(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    Path target = out;
    if (target == null) {
      show(hashed(), Optional.empty());
      return ExitCode.OK;
    }
    try (NewFile written = new NewFile(target)) {
      Manifest manifest = hashed();
      written.fill(path -> {
        manifest.write(path);
        return path;
      });
      written.publish();
      show(manifest, Optional.of(target));
    }
    return ExitCode.OK;
  }

  private Manifest hashed() {
    try (DiskReader reader = DiskReader.remembering(session, chain);
        VirtualDisk disk = reader.open(file, as)) {
      return reader.manifest(disk, String.valueOf(file.getFileName()));
    }
  }

  private void show(Manifest manifest, Optional<Path> written) {
    ManifestView view = ManifestView.of(manifest, written);
    session.output().one(view, view::details);
  }
}
