package dev.ratoon.protocol.agent;

import dev.ratoon.model.DiskId;
import java.util.Optional;

/**
 * One disk of a VM.
 *
 * @param base the base disk under it; empty for a new, empty disk, and for one that was flattened
 * @param sizeBytes what the guest sees; at least the base's size
 * @param differencing whether it is a child of the base; otherwise it is a whole copy of it
 * @param generation which of the files is its own that it has had one after the other; empty for
 *     the first, which was made when the VM was deployed
 */
public record DesiredDisk(
    Optional<DiskId> base, long sizeBytes, boolean differencing, Optional<Integer> generation) {

  /** A disk in its first file. */
  public DesiredDisk(Optional<DiskId> base, long sizeBytes, boolean differencing) {
    this(base, sizeBytes, differencing, Optional.empty());
  }

  /** How many files it has had before the present one. */
  public int filesBefore() {
    return generation.orElse(0);
  }

  /** The same disk as a child of {@code other}, or standing alone. */
  public DesiredDisk on(Optional<DiskId> other) {
    return new DesiredDisk(other, sizeBytes, true, generation);
  }

  /** The same disk in its next file. */
  public DesiredDisk inNextFile() {
    return new DesiredDisk(base, sizeBytes, differencing, Optional.of(filesBefore() + 1));
  }
}
