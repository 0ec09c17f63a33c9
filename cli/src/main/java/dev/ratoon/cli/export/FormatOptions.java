package dev.ratoon.cli.export;

import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.CreateOptions.Allocation;
import dev.ratoon.disk.CreateOptions.Qcow2;
import dev.ratoon.disk.CreateOptions.Vhd;
import dev.ratoon.disk.CreateOptions.Vhd.Sizing;
import dev.ratoon.disk.CreateOptions.Vhdx;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.model.ByteSize;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say how a new disk is to be stored. */
final class FormatOptions {
  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      required = true,
      description = "raw, qcow2, vhd or vhdx.")
  String format = "";

  @Option(
      names = "--fixed",
      description = "vhd, vhdx: all of the disk has its place from the start.")
  boolean fixed;

  @Option(
      names = "--block-size",
      paramLabel = "SIZE",
      description = "vhd, vhdx: what is allocated at a time (2M).")
  @Nullable String blockSize;

  @Option(
      names = "--sector-size",
      paramLabel = "BYTES",
      description = "vhdx: sectors that the guest sees, 512 or 4096 (512).")
  @Nullable String sectorSize;

  @Option(
      names = "--vhd-geometry",
      description = "vhd: round the size up to one that cylinders, heads and sectors express.")
  boolean vhdGeometry;

  @Option(
      names = "--cluster-size",
      paramLabel = "SIZE",
      description = "qcow2: what is allocated at a time (64K; 128K with subclusters).")
  @Nullable String clusterSize;

  @Option(
      names = "--subclusters",
      description = "qcow2: clusters have 32 parts, so that small writes copy less.")
  boolean subclusters;

  @Option(names = "--compress", description = "qcow2: pack clusters with zstd.")
  boolean compress;

  /**
   * What all the options come to.
   *
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#INVALID_VALUE}
   */
  CreateOptions options() {
    DiskFormat wanted = wanted();
    requireMeaning(wanted);
    return switch (wanted) {
      case RAW, VMDK -> CreateOptions.standard(wanted);
      case QCOW2 -> qcow2();
      case VHD ->
          new Vhd(
              allocation(),
              bytes(blockSize, Vhd.STANDARD.blockBytes()),
              vhdGeometry ? Sizing.GEOMETRY : Sizing.EXACT);
      case VHDX ->
          new Vhdx(
              allocation(),
              bytes(blockSize, Vhdx.STANDARD.blockBytes()),
              bytes(sectorSize, Vhdx.STANDARD.sectorBytes()));
    };
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

  private DiskFormat wanted() {
    return DiskFormat.named(format)
        .filter(known -> known != DiskFormat.VMDK)
        .orElseThrow(() ->
            Problem.of(ErrorCode.INVALID_VALUE, "reading the format '" + format + "'")
                .next("Write raw, qcow2, vhd or vhdx.")
                .asException());
  }

  private Qcow2 qcow2() {
    Qcow2 usual = subclusters ? Qcow2.SUBCLUSTERS : Qcow2.STANDARD;
    return new Qcow2(bytes(clusterSize, usual.clusterBytes()), subclusters, compress);
  }

  private Allocation allocation() {
    return fixed ? Allocation.FIXED : Allocation.DYNAMIC;
  }

  private void requireMeaning(DiskFormat wanted) {
    Set<DiskFormat> blocks = Set.of(DiskFormat.VHD, DiskFormat.VHDX);
    Map<String, Set<DiskFormat>> given = new LinkedHashMap<>();
    putIf(given, fixed, "--fixed", blocks);
    putIf(given, blockSize != null, "--block-size", blocks);
    putIf(given, sectorSize != null, "--sector-size", Set.of(DiskFormat.VHDX));
    putIf(given, vhdGeometry, "--vhd-geometry", Set.of(DiskFormat.VHD));
    putIf(given, clusterSize != null, "--cluster-size", Set.of(DiskFormat.QCOW2));
    putIf(given, subclusters, "--subclusters", Set.of(DiskFormat.QCOW2));
    putIf(given, compress, "--compress", Set.of(DiskFormat.QCOW2));
    given.forEach((option, formats) -> {
      if (!formats.contains(wanted)) {
        throw Problem.of(ErrorCode.INVALID_VALUE, "reading " + option)
            .detail("It means nothing for " + wanted.word() + ".")
            .next("Leave it out, or choose another format.")
            .asException();
      }
    });
  }

  private static void putIf(
      Map<String, Set<DiskFormat>> given, boolean isGiven, String option, Set<DiskFormat> formats) {
    if (isGiven) {
      given.put(option, formats);
    }
  }

  private static int bytes(@Nullable String text, int usual) {
    long bytes = Optional.ofNullable(text).map(ByteSize::parse).orElse((long) usual);
    // What is too large for the format is refused where the options are made.
    return (int) Math.min(bytes, Integer.MAX_VALUE);
  }
}
