package dev.ratoon.cli.disk;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.storage.Formats;
import dev.ratoon.cli.storage.StorageOptions;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.model.ByteSize;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "create",
    description = "Make an empty disk.",
    footer = {
      "",
      "Examples:",
      "  ratoon disk create data.qcow2 --size 50G",
      "  ratoon disk create data.vhd --size 50G --fixed"
    })
final class DiskCreate implements Callable<Integer> {
  private final Session session;

  @Parameters(paramLabel = "FILE", description = "The new file.")
  Path file = Path.of("");

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "raw, qcow2, vhd or vhdx (what the file's name ends with).")
  @Nullable String format;

  @Option(
      names = "--size",
      paramLabel = "SIZE",
      required = true,
      description = "What the guest sees, for example 50G.")
  String size = "";

  @Mixin StorageOptions options = new StorageOptions();

  DiskCreate(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    DiskFormat wanted = Formats.ofNew(file, format);
    long bytes = ByteSize.parse(size);
    CreateOptions how = options.of(wanted, Limits.SECTOR_BYTES);
    try (NewFile written = new NewFile(file)) {
      NewDiskView.Made made =
          written.fill(path -> {
            try (WritableDisk disk = VirtualDisks.create(path, bytes, Optional.empty(), how)) {
              return new NewDiskView.Made(wanted, disk.top().variant(), disk.size());
            }
          });
      written.publish();
      NewDiskView.of(file, made, Optional.empty(), Optional.empty()).print(session, bytes);
    }
    return ExitCode.OK;
  }
}
