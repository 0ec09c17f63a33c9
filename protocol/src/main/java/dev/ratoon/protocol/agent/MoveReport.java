package dev.ratoon.protocol.agent;

import dev.ratoon.model.OperationStep;
import dev.ratoon.model.Problem;
import dev.ratoon.model.VmId;
import java.util.List;
import java.util.Optional;

/**
 * How far a host is with its part of a migration.
 *
 * @param epoch that the destination gets: with the VM it names the migration
 * @param steps what it does or did, in order
 * @param problem why it failed, or what it waits for
 * @param moved what went from host to host
 */
public record MoveReport(
    VmId vm,
    long epoch,
    MoveTask task,
    MoveState state,
    List<OperationStep> steps,
    Optional<Problem> problem,
    Moved moved) {
  public MoveReport {
    steps = List.copyOf(steps);
  }

  /**
   * What went from host to host for a migration, apart from base disks.
   *
   * @param wireBytes of the connections for it, in both directions
   * @param diskBytes of the VM's own files
   * @param memoryBytes of its memory
   * @param downtimeMillis how long the guest stood still while it changed hosts, if it ran
   */
  public record Moved(
      long wireBytes, long diskBytes, long memoryBytes, Optional<Long> downtimeMillis) {
    public static final Moved NOTHING = new Moved(0, 0, 0, Optional.empty());
  }
}
