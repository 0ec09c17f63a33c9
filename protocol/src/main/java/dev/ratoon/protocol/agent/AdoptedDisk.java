package dev.ratoon.protocol.agent;

import dev.ratoon.model.DiskId;
import java.util.List;
import java.util.Optional;

/**
 * A disk that already lay on a host.
 *
 * @param path of its own file
 * @param format as users call it; empty if the file could not be opened
 * @param parents the files under it, nearest first
 * @param sizeBytes what a guest would see
 * @param storedBytes what its own file takes on the host's disk
 * @param diskId what it is, once all of it was read
 * @param why in words, unless the state says all: why it is not used
 * @param domains the libvirt domains that write to it, or stand on it
 */
public record AdoptedDisk(
    String path,
    String format,
    List<String> parents,
    long sizeBytes,
    long storedBytes,
    Optional<DiskId> diskId,
    State state,
    String why,
    List<String> domains) {
  public AdoptedDisk {
    parents = List.copyOf(parents);
    domains = List.copyOf(domains);
  }

  /** What becomes of it. */
  public enum State {
    /** It was found, and is not read yet. */
    WAITING,
    /** Its content is known, and base disks are read from it. */
    SOURCE,
    /** It is a parent where it lies. */
    PARENT,
    /** Somebody writes to it. */
    IN_USE,
    /** It cannot be read, or is not sound. */
    REFUSED,
    /** It changed after it was read; it is not used any more. */
    CHANGED
  }
}
