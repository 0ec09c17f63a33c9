package dev.ratoon.disk;

/**
 * A stretch of a disk that is of one kind all along.
 *
 * @param offset where it begins on the disk, in bytes
 * @param length bytes, at least 1
 */
public record Extent(long offset, long length, Kind kind) {

  /** What is known of an extent without reading it. */
  public enum Kind {
    /** Stored in no file of the chain; reads as zeros. */
    HOLE,
    /** Marked as zero by a file of the chain. */
    ZERO,
    /** Stored; may still read as zeros. */
    DATA
  }

  /** The first byte behind it. */
  public long end() {
    return offset + length;
  }
}
