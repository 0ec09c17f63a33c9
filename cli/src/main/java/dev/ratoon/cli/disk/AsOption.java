package dev.ratoon.cli.disk;

import dev.ratoon.cli.storage.Formats;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.chain.VirtualDisks;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What a file is, where its content does not tell. */
final class AsOption {
  @Option(
      names = "--as",
      paramLabel = "FORMAT",
      description =
          "Read the file as raw, qcow2, vhd, vhdx or vmdk, whatever it looks like (its content"
              + " tells).")
  @Nullable String format;

  DiskFormat formatOf(Path file) {
    return format == null ? VirtualDisks.formatOf(file) : Formats.named(format);
  }
}
