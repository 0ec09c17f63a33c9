package dev.ratoon.cli.storage;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Formats by the words that users have for them, and by the endings of file names. */
public final class Formats {
  private static final String KNOWN = "raw, qcow2, vhd, vhdx or vmdk";
  private static final String WRITTEN = "raw, qcow2, vhd or vhdx";

  private Formats() {}

  /**
   * @throws RatoonException {@link ErrorCode#INVALID_VALUE} if there is none of that name
   */
  public static DiskFormat named(String word) {
    return DiskFormat.named(word.toLowerCase(Locale.ROOT))
        .or(() -> DiskFormat.find(word))
        .orElseThrow(() ->
            Problem.of(ErrorCode.INVALID_VALUE, "reading the format '" + word + "'")
                .next("Write " + KNOWN + ".")
                .asException());
  }

  /**
   * The format of a file that is to be made: the one that is wanted, or else the one that its name
   * ends with.
   *
   * @throws RatoonException {@link ErrorCode#INVALID_VALUE} if nothing tells
   */
  public static DiskFormat ofNew(Path file, @Nullable String wanted) {
    if (wanted != null) {
      return named(wanted);
    }
    return byEnding(file)
        .orElseThrow(() ->
            Problem.of(ErrorCode.INVALID_VALUE, "making '" + file + "'")
                .detail("Its name does not end with the name of a format.")
                .next("Add --format with " + WRITTEN + ".")
                .asException());
  }

  /** What a file's name says that it is. */
  public static Optional<DiskFormat> byEnding(Path file) {
    String name = file.toString().toLowerCase(Locale.ROOT);
    return switch (name.substring(name.lastIndexOf('.') + 1)) {
      case "raw", "img" -> Optional.of(DiskFormat.RAW);
      case "qcow2" -> Optional.of(DiskFormat.QCOW2);
      case "vhd", "vpc", "avhd" -> Optional.of(DiskFormat.VHD);
      case "vhdx", "avhdx" -> Optional.of(DiskFormat.VHDX);
      case "vmdk" -> Optional.of(DiskFormat.VMDK);
      default -> Optional.empty();
    };
  }
}
