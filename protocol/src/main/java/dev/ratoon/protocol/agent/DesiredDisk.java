package dev.ratoon.protocol.agent;

import dev.ratoon.model.DiskId;
import java.util.Optional;

/**
 * One disk of a VM.
 *
 * @param base the base disk under it; empty for a new, empty disk, and for one that was flattened
 * @param sizeBytes what the guest sees; at least the base's size
 * @param differencing whether it is a child of the base; otherwise it is a whole copy of it
 * @param parentPath the cache of the host in which its base shall be, by the cache's folder or the
 *     base's file there; empty to leave that to the host
 * @param generation which of the files is its own that it has had one after the other; empty for
 *     the first, which was made when the VM was deployed
 * @param folder of the host below which that file lies; empty for the VM's own. A host believes
 *     only itself of that, except where a disk is to be moved
 */
public record DesiredDisk(
    Optional<DiskId> base,
    long sizeBytes,
    boolean differencing,
    Optional<String> parentPath,
    Optional<Integer> generation,
    Optional<String> folder) {

  /** A disk whose file lies in the VM's own folder. */
  public DesiredDisk(
      Optional<DiskId> base,
      long sizeBytes,
      boolean differencing,
      Optional<String> parentPath,
      Optional<Integer> generation) {
    this(base, sizeBytes, differencing, parentPath, generation, Optional.empty());
  }

  /** A disk in its first file, whose base may be in any cache of the host. */
  public DesiredDisk(Optional<DiskId> base, long sizeBytes, boolean differencing) {
    this(base, sizeBytes, differencing, Optional.empty(), Optional.empty());
  }

  /** The same disk with its base in this cache. */
  public DesiredDisk in(Optional<String> chosenPath) {
    return new DesiredDisk(base, sizeBytes, differencing, chosenPath, generation, folder);
  }

  /** How many files it has had before the present one. */
  public int filesBefore() {
    return generation.orElse(0);
  }

  /** The same disk as a child of {@code other}, or standing alone. */
  public DesiredDisk on(Optional<DiskId> other) {
    return new DesiredDisk(other, sizeBytes, true, Optional.empty(), generation, folder);
  }

  /** The same disk in its next file. */
  public DesiredDisk inNextFile() {
    return new DesiredDisk(
        base, sizeBytes, differencing, parentPath, Optional.of(filesBefore() + 1), folder);
  }

  /** The same disk with its file below this folder, or in the VM's own. */
  public DesiredDisk lying(Optional<String> place) {
    return new DesiredDisk(base, sizeBytes, differencing, parentPath, generation, place);
  }
}
