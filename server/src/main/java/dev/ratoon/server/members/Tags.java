package dev.ratoon.server.members;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** Words by which operators tell hosts apart: {@code gpu}, {@code rack=3}. */
public final class Tags {
  private static final int MOST = 32;
  private static final Pattern TAG =
      Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}(=[a-zA-Z0-9._-]{1,63})?");

  private Tags() {}

  /**
   * Reads tags.
   *
   * @throws RatoonException {@link ErrorCode#INVALID_VALUE}
   */
  public static SortedSet<String> of(List<String> tags) {
    for (String tag : tags) {
      if (!TAG.matcher(tag).matches()) {
        throw Problem.of(ErrorCode.INVALID_VALUE, "reading the tag '" + tag + "'")
            .next("A tag is a word of lower-case letters and digits, or WORD=VALUE.")
            .asException();
      }
    }
    if (tags.size() > MOST) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading " + tags.size() + " tags")
          .next("A host has up to " + MOST + ".")
          .asException();
    }
    return new TreeSet<>(tags);
  }
}
