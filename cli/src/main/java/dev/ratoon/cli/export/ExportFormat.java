package dev.ratoon.cli.export;

import dev.ratoon.cli.storage.Formats;
import dev.ratoon.cli.storage.StorageOptions;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.CreateOptions.Allocation;
import dev.ratoon.disk.CreateOptions.Qcow2;
import dev.ratoon.disk.CreateOptions.Vhd;
import dev.ratoon.disk.CreateOptions.Vhdx;
import dev.ratoon.disk.Limits;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The format that a disk is exported in. */
final class ExportFormat {
  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      required = true,
      description = "raw, qcow2, vhd or vhdx.")
  String format = "";

  @Mixin StorageOptions storage = new StorageOptions();

  /**
   * How the disk is stored.
   *
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#INVALID_VALUE}
   */
  CreateOptions options() {
    return storage.of(Formats.named(format), Limits.SECTOR_BYTES);
  }

  /** The same for a differencing disk, which is never fixed. */
  CreateOptions childOptions() {
    return switch (options()) {
      case CreateOptions.Raw _ ->
          throw Problem.of(ErrorCode.INVALID_VALUE, "exporting a chain")
              .detail("A raw file cannot be a differencing disk: it has no place for a parent.")
              .next("Choose qcow2, vhd or vhdx, or leave out --chain.")
              .asException();
      case Qcow2 qcow2 -> qcow2;
      case Vhd vhd -> new Vhd(Allocation.DYNAMIC, vhd.blockBytes(), vhd.sizing());
      case Vhdx vhdx -> new Vhdx(Allocation.DYNAMIC, vhdx.blockBytes(), vhdx.sectorBytes());
    };
  }
}
