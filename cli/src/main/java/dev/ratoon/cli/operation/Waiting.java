package dev.ratoon.cli.operation;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Output;
import dev.ratoon.cli.output.Progress;
import dev.ratoon.cli.output.Words;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.OperationId;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.OperationStep;
import dev.ratoon.model.Problem;
import dev.ratoon.model.StepState;
import dev.ratoon.protocol.Endpoints;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.client.OperationListener;
import dev.ratoon.protocol.client.Params;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** Waits for operations and shows how far they are. Ctrl-C ends the waiting, not the operations. */
public final class Waiting implements OperationListener {
  /** From here on one list is cheaper to ask for than each operation by itself. */
  private static final int MANY = 5;

  private static final int LIST_LIMIT = 1000;
  private static final long POLL_MILLIS = 250;

  private final Session session;
  private final Progress progress;
  private final Map<OperationId, OperationView> latest = new LinkedHashMap<>();

  private Waiting(Session session, Progress progress, List<OperationView> operations) {
    this.session = session;
    this.progress = progress;
    operations.forEach(operation -> latest.put(operation.id(), operation));
  }

  /** The operations as they ended. */
  public static List<OperationView> until(Session session, List<OperationView> operations) {
    Params which =
        operations.size() == 1 ? Params.of("operation", operations.getFirst().id()) : Params.NONE;
    return with(session, operations, waiting -> session.client().follow(which, waiting));
  }

  /** The same, for no longer than that: what has not ended by then comes back as it is. */
  public static List<OperationView> until(
      Session session, List<OperationView> operations, Duration atMost) {
    return with(session, operations, waiting -> waiting.poll(atMost));
  }

  private static List<OperationView> with(
      Session session, List<OperationView> operations, Consumer<Waiting> wait) {
    if (operations.isEmpty()) {
      return operations;
    }
    Thread farewell = new Thread(() -> sayFarewell(session, operations), "farewell");
    Runtime.getRuntime().addShutdownHook(farewell);
    try (Progress progress = Progress.begin(session.terminal(), session.output().quiet())) {
      Waiting waiting = new Waiting(session, progress, operations);
      if (waiting.goesOn()) {
        wait.accept(waiting);
      }
      return List.copyOf(waiting.latest.values());
    } finally {
      forget(farewell);
    }
  }

  private void poll(Duration atMost) {
    long end = System.nanoTime() + atMost.toNanos();
    try {
      while (connected() && System.nanoTime() < end) {
        Thread.sleep(POLL_MILLIS);
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Says what failed.
   *
   * @return the exit code for all of them
   */
  public static int report(Session session, List<OperationView> ended) {
    int code = ExitCode.OK;
    for (OperationView operation : ended) {
      if (operation.state() == OperationState.FAILED) {
        Output.error(
            session.terminal(),
            operation
                .problem()
                .orElse(
                    Problem.of(
                        ErrorCode.INTERNAL,
                        Words.of(operation.kind()) + " of '" + operation.subject() + "'")));
        code = ExitCode.FAILED;
      }
    }
    return code;
  }

  @Override
  public boolean connected() {
    List<OperationId> open =
        latest.values().stream()
            .filter(operation -> !operation.state().ended())
            .map(OperationView::id)
            .toList();
    if (open.size() < MANY) {
      open.forEach(
          id -> fold(session.client().call(Endpoints.OPERATION_SHOW, Params.of("operation", id))));
    } else {
      session
          .client()
          .list(Endpoints.OPERATION_LIST, Params.of("limit", LIST_LIMIT))
          .forEach(this::fold);
    }
    return goesOn();
  }

  @Override
  public boolean changed(OperationView operation) {
    fold(operation);
    return goesOn();
  }

  private boolean goesOn() {
    return latest.values().stream().anyMatch(operation -> !operation.state().ended());
  }

  /** An event that was on its way while the state was asked for must not take an end back. */
  private void fold(OperationView operation) {
    OperationView before = latest.get(operation.id());
    if (before == null || before.state().ended()) {
      return;
    }
    latest.put(operation.id(), operation);
    String subject = Words.of(operation.kind()) + " " + operation.subject();
    switch (operation.state()) {
      case DONE -> progress.end(subject, "done in " + took(operation));
      case FAILED -> progress.end(subject, "failed after " + took(operation));
      case RUNNING -> {
        Optional<OperationStep> step = current(operation);
        progress.show(
            subject,
            stage(operation, step),
            step.map(s -> Progress.bar(s.bytesDone(), s.bytesTotal())).orElse(""));
      }
    }
  }

  private static String stage(OperationView operation, Optional<OperationStep> step) {
    return operation
        .problem()
        .map(problem -> "waiting: " + problem.detail())
        .orElseGet(() -> step.map(OperationStep::name).orElse("waiting"));
  }

  /** The step that is being done, if one is. */
  static Optional<OperationStep> current(OperationView operation) {
    return operation.steps().stream().filter(s -> s.state() == StepState.RUNNING).findFirst();
  }

  private String took(OperationView operation) {
    return Words.took(
        operation
            .endedAt()
            .map(end -> Duration.between(operation.createdAt(), end))
            .orElseGet(() -> session.since(operation.createdAt())));
  }

  private static void sayFarewell(Session session, List<OperationView> operations) {
    session.terminal().err().println();
    session
        .terminal()
        .err()
        .println(
            operations.size() == 1
                ? "The operation goes on. Watch it with: ratoon operation watch "
                    + operations.getFirst().id()
                : "The operations go on. Watch them with: ratoon operation watch");
  }

  private static void forget(Thread farewell) {
    try {
      Runtime.getRuntime().removeShutdownHook(farewell);
    } catch (IllegalStateException shuttingDown) {
      // Ctrl-C came first: the farewell is being said.
    }
  }
}
