package dev.ratoon.protocol.agent;

import dev.ratoon.model.OperationStep;
import dev.ratoon.model.Problem;
import java.util.List;
import java.util.Optional;

/**
 * What a host has found at a path that it was to adopt.
 *
 * @param revision of the wish that this answers
 * @param settled whether the host has done all that this revision asks, or has given up with {@code
 *     problem}
 * @param problem why nothing was done; what concerns one disk is said there
 * @param disks every disk that was found; none once all is given back
 */
public record AdoptionReport(
    String path,
    long revision,
    boolean settled,
    List<OperationStep> steps,
    Optional<Problem> problem,
    List<AdoptedDisk> disks) {
  public AdoptionReport {
    steps = List.copyOf(steps);
    disks = List.copyOf(disks);
  }
}
