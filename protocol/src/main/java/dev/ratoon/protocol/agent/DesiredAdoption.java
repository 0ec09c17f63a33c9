package dev.ratoon.protocol.agent;

/**
 * A file or a folder of an operator's, and what its disks are to the host.
 *
 * @param path absolute
 * @param revision counts what was asked of hosts; a newer one is looked into anew
 */
public record DesiredAdoption(String path, long revision, Wish wish) {

  /** What disks there are to be. */
  public enum Wish {
    /** Where base disks are read from; nothing about them is changed. */
    SOURCES,
    /** Those that can be are parents where they lie, too: owned by root, and never changed. */
    PARENTS,
    /** No longer Ratoon's concern: each file is given back as it was found. */
    GIVEN_BACK
  }
}
