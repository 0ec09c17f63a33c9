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
 * @param totalBytes how large its file system was when it was last looked at; empty of a host that
 *     does not say, which cannot let bases leave either
 * @param leaving what this host says of bases that are about to leave
 */
public record ShareReport(
    EntityName name,
    ShareState state,
    Optional<Problem> problem,
    Optional<String> marker,
    long freeBytes,
    List<Base> bases,
    Optional<Long> totalBytes,
    List<WithdrawalReport> leaving) {
  public ShareReport {
    bases = List.copyOf(bases);
    leaving = List.copyOf(leaving);
  }

  /** Of a host that says nothing of bases that leave. */
  public ShareReport(
      EntityName name,
      ShareState state,
      Optional<Problem> problem,
      Optional<String> marker,
      long freeBytes,
      List<Base> bases) {
    this(name, state, problem, marker, freeBytes, bases, Optional.empty(), List.of());
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
