package dev.ratoon.protocol.agent;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.Layout;
import dev.ratoon.model.ReplicaState;
import java.time.Instant;
import java.util.Optional;

/**
 * One base disk in a cache that a host sees.
 *
 * @param sizeBytes what a guest would see
 * @param storedBytes what its file takes on the host's disk
 * @param percent how much of it is there; less than 100 only while it is arriving
 * @param verifiedAt when all of its content was last found to be what it should be
 * @param cache the share on which it lies; empty for the host's own cache
 * @param parent the base in the same cache to which its file is a difference
 */
public record ReplicaReport(
    DiskId diskId,
    Layout layout,
    ReplicaState state,
    String path,
    long sizeBytes,
    long storedBytes,
    int percent,
    Optional<Instant> verifiedAt,
    String cache,
    Optional<DiskId> parent) {
  /** Of a file that stands alone. */
  public ReplicaReport(
      DiskId diskId,
      Layout layout,
      ReplicaState state,
      String path,
      long sizeBytes,
      long storedBytes,
      int percent,
      Optional<Instant> verifiedAt,
      String cache) {
    this(
        diskId,
        layout,
        state,
        path,
        sizeBytes,
        storedBytes,
        percent,
        verifiedAt,
        cache,
        Optional.empty());
  }
}
