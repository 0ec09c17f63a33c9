package dev.ratoon.agent.work;

import dev.ratoon.model.OperationStep;
import dev.ratoon.model.StepState;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;

/** The steps of what is being done, as reports show them. One thread writes, any may read. */
public final class Timeline {
  private final InstantSource clock;
  private final Runnable changed;
  private volatile List<OperationStep> steps = List.of();

  public Timeline(InstantSource clock, Runnable changed) {
    this.clock = clock;
    this.changed = changed;
  }

  public List<OperationStep> steps() {
    return steps;
  }

  /** Forgets the steps of what was done before. */
  public void clear() {
    steps = List.of();
  }

  /** Does one step. A step that is repeated takes the place of its earlier try. */
  public void step(String name, Runnable work) {
    put(OperationStep.waiting(name).begin(clock.instant()));
    changed.run();
    try {
      work.run();
      put(current(name).end(StepState.DONE, clock.instant()));
    } catch (RuntimeException failed) {
      put(current(name).end(StepState.FAILED, clock.instant()));
      throw failed;
    }
  }

  /** Says how far the step of this name has come. */
  public void progress(String name, long done, long total) {
    put(current(name).progress(done, total));
    changed.run();
  }

  private OperationStep current(String name) {
    return steps.stream()
        .filter(s -> s.name().equals(name))
        .findFirst()
        .orElseGet(() -> OperationStep.waiting(name));
  }

  private void put(OperationStep step) {
    List<OperationStep> next = new ArrayList<>(steps);
    next.removeIf(s -> s.name().equals(step.name()));
    next.add(step);
    steps = List.copyOf(next);
  }
}
