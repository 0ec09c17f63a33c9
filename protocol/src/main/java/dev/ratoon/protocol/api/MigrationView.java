package dev.ratoon.protocol.api;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import java.util.List;
import java.util.Optional;

/**
 * What a migration would do. Nothing was changed.
 *
 * @param stops whether the guest is shut down for it
 * @param baseBytes of base disks that would have to come; what the target's own base disks have of
 *     them already does not count
 * @param diskBytes of the VM's own disks, as stored now
 * @param memoryBytes that would move; 0 where the VM stands still
 * @param stars of the target, of five
 * @param reasons for them, in words
 */
public record MigrationView(
    EntityName vm,
    EntityName from,
    EntityName to,
    MigrationMode mode,
    boolean stops,
    List<Disk> disks,
    long baseBytes,
    long diskBytes,
    long memoryBytes,
    double stars,
    List<String> reasons) {
  public MigrationView {
    disks = List.copyOf(disks);
    reasons = List.copyOf(reasons);
  }

  /**
   * A disk.
   *
   * @param base the base disk that it is a child of
   * @param parentPath the file that it would stand on, where the target has that already
   * @param storedBytes what its own file takes, which moves
   */
  public record Disk(
      int number, Optional<DiskId> base, Optional<String> parentPath, long storedBytes) {}
}
