package dev.ratoon.disk;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The parent of a differencing disk, as whoever makes or checks a child knows it.
 *
 * @param file absolute path
 * @param format never guessed: a guest could write what looks like another format
 * @param nativeId what the parent's own file says it is, for formats whose children record it
 * @param diskId its content, if it is known; recorded where the child's format can
 */
public record Backing(
    Path file, DiskFormat format, Optional<NativeId> nativeId, Optional<DiskId> diskId) {

  /**
   * @throws RatoonException {@link ErrorCode#INVALID_VALUE} if {@code file} is not absolute
   */
  public Backing {
    if (!file.isAbsolute()) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "naming '" + file + "' as a parent")
          .detail("The path of a parent has to be absolute.")
          .asException();
    }
  }

  /** A parent of which no id is to be recorded. */
  public Backing(Path file, DiskFormat format) {
    this(file, format, Optional.empty(), Optional.empty());
  }
}
