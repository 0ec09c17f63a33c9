package dev.ratoon.disk.vmdk;

import java.util.Locale;

/**
 * A file in a tar archive.
 *
 * @param offset where its bytes begin in the archive
 * @param bytes how many there are
 */
record TarMember(String name, Kind kind, long offset, long bytes) {

  enum Kind {
    /** A regular file, stored as it is. */
    PLAIN,
    /** A regular file without its holes. */
    SPARSE,
    /** A folder, a link, or something else without content of its own. */
    OTHER
  }

  /** Whether the name ends so, in upper or lower case. */
  boolean isNamed(String suffix) {
    return name.toLowerCase(Locale.ROOT).endsWith(suffix);
  }
}
