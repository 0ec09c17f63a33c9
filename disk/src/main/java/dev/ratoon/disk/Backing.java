package dev.ratoon.disk;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.file.Path;

/**
 * The parent of a differencing disk.
 *
 * @param file absolute path
 * @param format never guessed: a guest could write what looks like another format
 */
public record Backing(Path file, DiskFormat format) {

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
}
