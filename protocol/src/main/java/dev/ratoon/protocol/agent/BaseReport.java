package dev.ratoon.protocol.agent;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.OperationStep;
import dev.ratoon.model.Problem;
import java.util.List;
import java.util.Optional;

/**
 * How far a host is with what it is to do for a base disk.
 *
 * @param revision of the wish that this answers, see {@link DesiredBase}
 * @param settled whether the host has done it, or has given up with {@code problem}
 * @param steps what it does or did last, in order
 * @param problem why it was given up, or what keeps it waiting
 * @param result in words, when it is done
 */
public record BaseReport(
    DiskId diskId,
    BaseTask task,
    long revision,
    boolean settled,
    List<OperationStep> steps,
    Optional<Problem> problem,
    Optional<String> result) {
  public BaseReport {
    steps = List.copyOf(steps);
  }
}
