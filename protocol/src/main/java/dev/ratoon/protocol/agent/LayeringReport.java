package dev.ratoon.protocol.agent;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.OperationStep;
import dev.ratoon.model.Problem;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What has come of something that was to be done to the disks of a VM.
 *
 * @param revision of the {@link DesiredLayering} that this answers
 * @param settled whether it is done, or given up with {@code problem}
 * @param disks how the VM's disks stand now; empty until it is settled
 * @param frozenAt of which moment the frozen disks are
 * @param quiesced whether the guest's file systems were at rest at that moment
 * @param variables a base disk with its firmware's variables as they were then
 */
public record LayeringReport(
    long revision,
    boolean settled,
    List<OperationStep> steps,
    Optional<Problem> problem,
    List<DesiredDisk> disks,
    Optional<Instant> frozenAt,
    boolean quiesced,
    Optional<DiskId> variables) {
  public LayeringReport {
    steps = List.copyOf(steps);
    disks = List.copyOf(disks);
  }
}
