package dev.ratoon.server.operations;

import dev.ratoon.model.OperationState;
import dev.ratoon.model.OperationStep;
import dev.ratoon.model.StepState;
import java.time.Instant;
import java.util.List;

/** What becomes of an operation's steps. */
final class Steps {
  private Steps() {}

  /** The steps once the operation has ended: none runs any more. */
  static List<OperationStep> atEnd(List<OperationStep> steps, OperationState how, Instant now) {
    StepState last = how == OperationState.DONE ? StepState.DONE : StepState.FAILED;
    return steps.stream()
        .map(step -> step.state() == StepState.RUNNING ? step.end(last, now) : step)
        .toList();
  }
}
