package dev.ratoon.disk;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** How far a file is trusted when it is opened. */
public sealed interface OpenRules {

  /** For files from users: nothing outside the file is opened, and its tables are checked first. */
  static OpenRules foreign() {
    return new Foreign();
  }

  /**
   * For files that Ratoon or an operator made: parents are followed. A parent whose disk id its
   * child records is read, to make sure of it.
   *
   * @param maxFiles files the chain may have, the first included; at least 1
   * @throws RatoonException {@link ErrorCode#INVALID_VALUE} if {@code maxFiles} is out of range
   */
  static OpenRules.Chain chain(int maxFiles) {
    return new Chain(maxFiles, List.of(), Optional.empty());
  }

  /**
   * As {@link #chain(int)}; a parent that is not where its child says is looked for.
   *
   * @param folders where to look for it, by its native id; not in the folders below them
   * @param witness makes sure of parents in place of reading them, and is asked for those that are
   *     in none of the folders
   */
  static OpenRules.Chain chain(int maxFiles, List<Path> folders, ParentWitness witness) {
    return new Chain(maxFiles, folders, Optional.of(witness));
  }

  /** See {@link #foreign()}. */
  record Foreign() implements OpenRules {}

  /**
   * See {@link #chain(int)}.
   *
   * @param witness without one, parents are read
   */
  record Chain(int maxFiles, List<Path> folders, Optional<ParentWitness> witness)
      implements OpenRules {
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
  }
}
