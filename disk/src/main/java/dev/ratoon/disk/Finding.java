package dev.ratoon.disk;

/**
 * Something that is not as it should be in a disk's file.
 *
 * @param what for people, a whole sentence
 */
public record Finding(Severity severity, String what) {

  /** What follows for the user. */
  public enum Severity {
    /** Space is wasted; the content is right. A killed writer may leave this. */
    LEAK,
    /** The content may be wrong, or become so with the next write. */
    ERROR
  }
}
