package dev.ratoon.disk;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.file.Path;
import java.util.List;

/** How far a file is trusted when it is opened. */
public sealed interface OpenRules {

  /** For files from users: nothing outside the file is opened, and its tables are checked first. */
  static OpenRules foreign() {
    return new Foreign();
  }

  /**
   * For files that Ratoon or an operator made: parents are followed.
   *
   * @param maxFiles files the chain may have, the first included; at least 1
   * @throws RatoonException {@link ErrorCode#INVALID_VALUE} if {@code maxFiles} is out of range
   */
  static OpenRules chain(int maxFiles) {
    return new Chain(maxFiles, List.of());
  }

  /**
   * As {@link #chain(int)}; a parent that is not where its child says is looked for in folders.
   *
   * @param folders where to look for it, by what identifies it; not in the folders below them
   */
  static OpenRules chain(int maxFiles, List<Path> folders) {
    return new Chain(maxFiles, folders);
  }

  /**
   * As {@link #chain(int, List)}; a parent that is in none of the folders by its native id is asked
   * of {@code finder}.
   */
  static OpenRules chain(int maxFiles, List<Path> folders, ParentFinder finder) {
    return new Chain(maxFiles, folders, finder);
  }

  /** See {@link #foreign()}. */
  record Foreign() implements OpenRules {}

  /** See {@link #chain(int)}. */
  record Chain(int maxFiles, List<Path> folders, ParentFinder finder) implements OpenRules {
    /** Deeper chains than this are slow in any hypervisor, and no such chain is ours. */
    private static final int MOST_FILES = 256;

    public Chain {
      if (maxFiles < 1 || maxFiles > MOST_FILES) {
        throw Problem.of(ErrorCode.INVALID_VALUE, "limiting a chain to " + maxFiles + " files")
            .next("Use 1 to " + MOST_FILES + ".")
            .asException();
      }
      folders = List.copyOf(folders);
    }

    public Chain(int maxFiles, List<Path> folders) {
      this(maxFiles, folders, ParentFinder.NONE);
    }
  }
}
