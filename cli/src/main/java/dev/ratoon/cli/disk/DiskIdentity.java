package dev.ratoon.cli.disk;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.manifest.Manifest;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
    name = "id",
    description = {
      "Print a disk's id.",
      "It is the same for the same content, whatever the format, layout and chain."
    })
final class DiskIdentity implements Callable<Integer> {
  private final Session session;

  @Parameters(paramLabel = "FILE", description = "The disk.")
  Path file = Path.of("");

  @Mixin AsOption as = new AsOption();
  @Mixin ChainOptions chain = new ChainOptions();

  DiskIdentity(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    Manifest manifest;
    try (Meter meter = Meter.begin(session);
        VirtualDisk disk = chain.open(file, as)) {
      manifest = new Hashing(meter, chain.threads()).of(disk, String.valueOf(file.getFileName()));
    }
    session
        .output()
        .text(ManifestView.of(manifest, Optional.empty()), () -> List.of(manifest.id().toString()));
    return ExitCode.OK;
  }
}
