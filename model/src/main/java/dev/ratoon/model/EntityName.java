package dev.ratoon.model;

import java.util.regex.Pattern;

/**
 * The name of a VM, an image or a host, as a user gives it: it is also a guest's host name and part
 * of file and URL paths, so it holds only lower-case letters, digits and inner dots and hyphens.
 *
 * @param text at most 63 characters
 */
public record EntityName(String text) implements Comparable<EntityName> {
  private static final Pattern ALLOWED = Pattern.compile("[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?");

  /**
   * @throws RatoonException {@link ErrorCode#INVALID_VALUE} if {@code text} is not a name
   */
  public EntityName {
    if (!ALLOWED.matcher(text).matches() || text.contains("..")) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the name '" + text + "'")
          .next(
              "A name has 1 to 63 lower-case letters, digits, dots or hyphens, and begins and ends with a letter or digit.")
          .asException();
    }
  }

  @Override
  public int compareTo(EntityName other) {
    return text.compareTo(other.text);
  }

  @Override
  public String toString() {
    return text;
  }
}
