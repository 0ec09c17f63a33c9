package dev.ratoon.cli.storage;

import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.CreateOptions.Allocation;
import dev.ratoon.disk.CreateOptions.Vhd.Sizing;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.model.ByteSize;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How a new disk is stored: options named alike whatever the format. */
public final class StorageOptions {
  private static final String FIXED = "--fixed";
  private static final String BLOCK_SIZE = "--block-size";
  private static final String SECTOR_SIZE = "--sector-size";
  private static final String VHD_GEOMETRY = "--vhd-geometry";
  private static final String CLUSTER_SIZE = "--cluster-size";
  private static final String SUBCLUSTERS = "--subclusters";
  private static final String COMPRESS = "--compress";

  @Option(names = FIXED, description = "vhd, vhdx: all of the disk has its place from the start.")
  boolean fixed;

  @Option(
      names = BLOCK_SIZE,
      paramLabel = "SIZE",
      description = "vhd, vhdx: what is allocated at a time (2M).")
  @Nullable String blockSize;

  @Option(
      names = SECTOR_SIZE,
      paramLabel = "BYTES",
      description = "vhdx: sectors that the guest sees, 512 or 4096 (the source's, else 512).")
  @Nullable String sectorSize;

  @Option(
      names = VHD_GEOMETRY,
      description = "vhd: round the size up to one that cylinders, heads and sectors express.")
  boolean vhdGeometry;

  @Option(
      names = CLUSTER_SIZE,
      paramLabel = "SIZE",
      description = "qcow2: what is allocated at a time (64K; 128K with subclusters).")
  @Nullable String clusterSize;

  @Option(
      names = SUBCLUSTERS,
      description = "qcow2: clusters have 32 parts, so that small writes copy less.")
  boolean subclusters;

  @Option(names = COMPRESS, description = "qcow2: pack clusters with zstd.")
  boolean compress;

  /**
   * The options for a new disk of {@code format}.
   *
   * @param sectorBytes what the guest is to see as a sector unless told otherwise
   * @throws RatoonException {@link ErrorCode#INVALID_VALUE} if an option is not for this format
   */
  public CreateOptions of(DiskFormat format, int sectorBytes) {
    return switch (format) {
      case RAW -> {
        only(format, Set.of());
        yield new CreateOptions.Raw();
      }
      case QCOW2 -> {
        only(format, Set.of(CLUSTER_SIZE, SUBCLUSTERS, COMPRESS));
        CreateOptions.Qcow2 usual =
            subclusters ? CreateOptions.Qcow2.SUBCLUSTERS : CreateOptions.Qcow2.STANDARD;
        yield new CreateOptions.Qcow2(
            bytes(CLUSTER_SIZE, clusterSize, usual.clusterBytes()), subclusters, compress);
      }
      case VHD -> {
        only(format, Set.of(FIXED, BLOCK_SIZE, VHD_GEOMETRY));
        int usual = CreateOptions.Vhd.STANDARD.blockBytes();
        yield new CreateOptions.Vhd(
            allocation(),
            bytes(BLOCK_SIZE, blockSize, usual),
            vhdGeometry ? Sizing.GEOMETRY : Sizing.EXACT);
      }
      case VHDX -> {
        only(format, Set.of(FIXED, BLOCK_SIZE, SECTOR_SIZE));
        int usual = CreateOptions.Vhdx.STANDARD.blockBytes();
        yield new CreateOptions.Vhdx(
            allocation(),
            bytes(BLOCK_SIZE, blockSize, usual),
            bytes(SECTOR_SIZE, sectorSize, sectorBytes));
      }
      case VMDK -> CreateOptions.standard(format);
    };
  }

  /** Whether all of the disk is to have its place from the start. */
  public boolean isFixed() {
    return fixed;
  }

  private Allocation allocation() {
    return fixed ? Allocation.FIXED : Allocation.DYNAMIC;
  }

  private static int bytes(String option, @Nullable String text, int usual) {
    if (text == null) {
      return usual;
    }
    long bytes = ByteSize.parse(text);
    if (bytes > Integer.MAX_VALUE) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading " + option + " " + text)
          .detail("That is too large.")
          .asException();
    }
    return (int) bytes;
  }

  /** Refuses the options that were given and are not among these. */
  private void only(DiskFormat format, Set<String> known) {
    List<String> wrong = given().stream().filter(option -> !known.contains(option)).toList();
    if (!wrong.isEmpty()) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "making a disk of the format " + format.word())
          .detail("It has no " + String.join(", no ", wrong) + ".")
          .next(
              known.isEmpty()
                  ? "Leave that out; a raw file is always sparse."
                  : "Its options are " + String.join(", ", known.stream().sorted().toList()) + ".")
          .asException();
    }
  }

  private List<String> given() {
    List<String> given = new ArrayList<>();
    addIf(given, fixed, FIXED);
    addIf(given, blockSize != null, BLOCK_SIZE);
    addIf(given, sectorSize != null, SECTOR_SIZE);
    addIf(given, vhdGeometry, VHD_GEOMETRY);
    addIf(given, clusterSize != null, CLUSTER_SIZE);
    addIf(given, subclusters, SUBCLUSTERS);
    addIf(given, compress, COMPRESS);
    return given;
  }

  private static void addIf(List<String> given, boolean is, String option) {
    if (is) {
      given.add(option);
    }
  }
}
