package dev.ratoon.protocol.api;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A state of a VM's disks that is remembered.
 *
 * @param at of which moment it is
 * @param quiesced whether the guest's file systems were at rest; else it is as after a power loss
 * @param bases the base disk that each disk stood on; empty for one that stood alone
 */
public record SnapshotView(
    EntityName name, Instant at, boolean quiesced, List<Optional<DiskId>> bases) {
  public SnapshotView {
    bases = List.copyOf(bases);
  }
}
