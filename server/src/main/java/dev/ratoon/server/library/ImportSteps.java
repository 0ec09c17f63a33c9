package dev.ratoon.server.library;

import dev.ratoon.cache.ImportProgress;
import dev.ratoon.model.OperationId;
import dev.ratoon.model.OperationStep;
import dev.ratoon.model.StepState;
import dev.ratoon.server.operations.Operations;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * How far one import has come. Told often and from several threads; passes on a few times a second,
 * and writes down only when a step ends.
 */
final class ImportSteps implements ImportProgress {
  private static final long NANOS_BETWEEN = 200_000_000;
  private static final int UPLOAD = 0;

  private final Operations operations;
  private final OperationId operation;
  private final InstantSource clock;
  private final List<OperationStep> steps;
  private int current;
  private long lastTold = System.nanoTime();

  ImportSteps(Operations operations, OperationId operation, InstantSource clock) {
    this.operations = operations;
    this.operation = operation;
    this.clock = clock;
    this.steps = new ArrayList<>(first(clock));
  }

  /** The steps of an import whose upload begins now. */
  static List<OperationStep> first(InstantSource clock) {
    return Stream.of("upload", "read", "verify", "publish")
        .map(OperationStep::waiting)
        .map(step -> step.name().equals("upload") ? step.begin(clock.instant()) : step)
        .toList();
  }

  void uploaded(long bytesDone, long bytesTotal) {
    reached(UPLOAD, bytesDone, bytesTotal);
  }

  @Override
  public void at(ImportStep step, long bytesDone, long bytesTotal) {
    reached(
        switch (step) {
          case READ -> 1;
          case VERIFY -> 2;
          case PUBLISH -> 3;
        },
        bytesDone,
        bytesTotal);
  }

  private synchronized void reached(int step, long done, long total) {
    boolean next = step > current;
    boolean tooSoon = System.nanoTime() - lastTold < NANOS_BETWEEN;
    if (step < current || (tooSoon && !next)) {
      return;
    }
    while (current < step) {
      steps.set(current, steps.get(current).end(StepState.DONE, clock.instant()));
      current++;
      steps.set(current, steps.get(current).begin(clock.instant()));
    }
    // Threads overtake each other; people want to see progress that only grows.
    long most = Math.max(done, steps.get(current).bytesDone());
    steps.set(current, steps.get(current).progress(most, Math.max(total, most)));
    tell(next);
  }

  /** The upload is complete: the next step can begin. */
  synchronized void uploadDone(long bytes) {
    steps.set(
        UPLOAD, steps.get(UPLOAD).progress(bytes, bytes).end(StepState.DONE, clock.instant()));
    tell(true);
  }

  private void tell(boolean write) {
    lastTold = System.nanoTime();
    if (write) {
      operations.stepped(operation, List.copyOf(steps));
    } else {
      operations.progress(operation, List.copyOf(steps));
    }
  }
}
