package dev.ratoon.disk;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;

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
    return new Chain(maxFiles);
  }

  /** See {@link #foreign()}. */
  record Foreign() implements OpenRules {}

  /** See {@link #chain(int)}. */
  record Chain(int maxFiles) implements OpenRules {
    /** Deeper chains than this are slow in any hypervisor, and no such chain is ours. */
    private static final int MOST_FILES = 256;

    public Chain {
      if (maxFiles < 1 || maxFiles > MOST_FILES) {
        throw Problem.of(ErrorCode.INVALID_VALUE, "limiting a chain to " + maxFiles + " files")
            .next("Use 1 to " + MOST_FILES + ".")
            .asException();
      }
    }
  }
}
