package dev.ratoon.agent.adopt;

import dev.ratoon.disk.Progress;
import dev.ratoon.model.OperationStep;
import dev.ratoon.model.StepState;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;

/** The steps of one adoption, as reports show them. One thread writes, any may read. */
final class Steps {
  private static final long TOLD_BYTES = 64L << 20;

  private final InstantSource clock;
  private final Runnable changed;
  private volatile List<OperationStep> all = List.of();
  private long doneBytes;
  private long toldBytes;

  Steps(InstantSource clock, Runnable changed) {
    this.clock = clock;
    this.changed = changed;
  }

  List<OperationStep> all() {
    return all;
  }

  /** Begins a step; the one before is done. */
  void begin(String name, long totalBytes) {
    endCurrent(StepState.DONE);
    List<OperationStep> next = new ArrayList<>(all);
    next.add(OperationStep.waiting(name).begin(clock.instant()).progress(0, totalBytes));
    all = List.copyOf(next);
    doneBytes = 0;
    toldBytes = 0;
    changed.run();
  }

  /** Forgets those of what was done before. */
  void clear() {
    all = List.of();
  }

  /** For what reads in the step that was begun last. */
  Progress progress() {
    return this::advanced;
  }

  private synchronized void advanced(long bytes) {
    doneBytes += bytes;
    OperationStep current = all.getLast();
    put(current.progress(Math.min(doneBytes, current.bytesTotal()), current.bytesTotal()));
    if (doneBytes - toldBytes >= TOLD_BYTES) {
      toldBytes = doneBytes;
      changed.run();
    }
  }

  void end(StepState how) {
    endCurrent(how);
  }

  private void endCurrent(StepState how) {
    if (!all.isEmpty() && all.getLast().state() == StepState.RUNNING) {
      put(all.getLast().end(how, clock.instant()));
    }
  }

  private void put(OperationStep last) {
    List<OperationStep> next = new ArrayList<>(all.subList(0, all.size() - 1));
    next.add(last);
    all = List.copyOf(next);
  }
}
