package dev.ratoon.model;

import java.time.Instant;
import java.util.Optional;

/**
 * One step of an operation.
 *
 * @param name what it does, for example {@code base}, {@code overlay}, {@code start}
 * @param bytesDone how much of {@code bytesTotal} is done; both 0 where bytes do not measure it
 */
public record OperationStep(
    String name,
    StepState state,
    Optional<Instant> began,
    Optional<Instant> ended,
    long bytesDone,
    long bytesTotal) {

  public static OperationStep waiting(String name) {
    return new OperationStep(name, StepState.WAITING, Optional.empty(), Optional.empty(), 0, 0);
  }

  public OperationStep begin(Instant now) {
    return new OperationStep(
        name, StepState.RUNNING, Optional.of(now), Optional.empty(), bytesDone, bytesTotal);
  }

  public OperationStep progress(long done, long total) {
    return new OperationStep(name, state, began, ended, done, total);
  }

  public OperationStep end(StepState how, Instant now) {
    return new OperationStep(
        name,
        how,
        began.isPresent() ? began : Optional.of(now),
        Optional.of(now),
        bytesDone,
        bytesTotal);
  }
}
