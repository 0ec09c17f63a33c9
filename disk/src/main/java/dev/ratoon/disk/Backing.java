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
 * @param naming which name a child records whose format has room for one only
 */
public record Backing(
    Path file,
    DiskFormat format,
    Optional<NativeId> nativeId,
    Optional<DiskId> diskId,
    Naming naming) {

  /** How a child names its parent. */
  public enum Naming {
    /** From the root: the child may be moved, the parent may not. */
    ABSOLUTE,
    /** From the child's folder: both may be moved together. */
    RELATIVE
  }

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

  /** A parent that is named from the root. */
  public Backing(
      Path file, DiskFormat format, Optional<NativeId> nativeId, Optional<DiskId> diskId) {
    this(file, format, nativeId, diskId, Naming.ABSOLUTE);
  }

  /** A parent of which no id is to be recorded. */
  public Backing(Path file, DiskFormat format) {
    this(file, format, Optional.empty(), Optional.empty());
  }

  /** The one name by which {@code child} records it. */
  public Path nameFor(Path child) {
    Path folder = child.toAbsolutePath().getParent();
    return naming == Naming.ABSOLUTE || folder == null ? file : folder.relativize(file);
  }
}
