package dev.ratoon.protocol.agent;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.Problem;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.model.ShareState;
import java.util.List;
import java.util.Optional;

/**
 * A shared cache as one host finds it.
 *
 * @param problem why the host cannot use it just now
 * @param marker which share it is, as it says itself
 * @param freeBytes what was free when it was last looked at
 * @param bases what is there, and what this host is putting there
 */
public record ShareReport(
    EntityName name,
    ShareState state,
    Optional<Problem> problem,
    Optional<String> marker,
    long freeBytes,
    List<Base> bases) {
  public ShareReport {
    bases = List.copyOf(bases);
  }

  /**
   * A base on the share.
   *
   * @param sizeBytes what a guest would see; 0 while it is being put there
   * @param problem why putting it there failed last
   */
  public record Base(
      DiskId diskId,
      ReplicaState state,
      long sizeBytes,
      long storedBytes,
      int percent,
      Optional<Problem> problem) {}
}
