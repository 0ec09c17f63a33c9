package dev.ratoon.protocol.agent;

import dev.ratoon.model.OperationStep;
import dev.ratoon.model.Problem;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A VM as its host finds it.
 *
 * @param epoch and {@code powerRevision}: of the desired state that this answers
 * @param settled whether the host has done all that this revision asks, or has given up with {@code
 *     problem}
 * @param steps what it does or did last to get there, in order
 * @param problem why {@code state} is FAILED
 * @param disks one for each of its disks, in their order; none while they are not made
 * @param address where the guest can be reached, as far as the host knows
 * @param sshPort the port of the host's loopback that leads to the guest's SSH, for user-mode
 *     networks
 * @param startedAt when its domain last began to run
 * @param userlandAt when its console first showed that the guest's userland is up, since {@code
 *     startedAt}
 * @param restarts how often its restart policy has started it
 * @param layering what has come of what was last asked for its disks
 * @param machine the type of its machine, with its version, as its domain was started; empty while
 *     the host has not looked, and of one that does not run
 */
public record VmReport(
    VmId id,
    long epoch,
    long powerRevision,
    boolean settled,
    VmState state,
    List<OperationStep> steps,
    Optional<Problem> problem,
    List<DiskReport> disks,
    Optional<String> address,
    Optional<Integer> sshPort,
    Optional<Instant> startedAt,
    Optional<Instant> userlandAt,
    int restarts,
    Optional<LayeringReport> layering,
    Optional<String> machine) {
  public VmReport {
    steps = List.copyOf(steps);
    disks = List.copyOf(disks);
  }

  /** What is said of a disk; empty while it is not made. */
  public Optional<DiskReport> disk(int number) {
    return number < disks.size() ? Optional.of(disks.get(number)) : Optional.empty();
  }

  /** Of a VM whose disks are left as they are. */
  public VmReport(
      VmId id,
      long epoch,
      long powerRevision,
      boolean settled,
      VmState state,
      List<OperationStep> steps,
      Optional<Problem> problem,
      List<DiskReport> disks,
      Optional<String> address,
      Optional<Integer> sshPort,
      Optional<Instant> startedAt,
      Optional<Instant> userlandAt,
      int restarts) {
    this(
        id,
        epoch,
        powerRevision,
        settled,
        state,
        steps,
        problem,
        disks,
        address,
        sshPort,
        startedAt,
        userlandAt,
        restarts,
        Optional.empty(),
        Optional.empty());
  }
}
