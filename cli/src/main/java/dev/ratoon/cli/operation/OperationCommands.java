package dev.ratoon.cli.operation;

import dev.ratoon.cli.command.Branch;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Details;
import dev.ratoon.cli.output.Progress;
import dev.ratoon.cli.output.Table;
import dev.ratoon.cli.output.Words;
import dev.ratoon.model.OperationStep;
import dev.ratoon.protocol.Endpoints;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.client.Params;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code operation list|show|watch}. */
@Command(
    name = "operation",
    synopsisSubcommandLabel = "COMMAND",
    description = "Look at operations: what was asked for, and how far it is.")
public final class OperationCommands {
  private OperationCommands() {}

  public static Branch branch(Session session) {
    return Branch.group(
        "operation",
        OperationCommands::new,
        Branch.command("list", () -> new ListThem(session)),
        Branch.command("show", () -> new Show(session)),
        Branch.command("watch", () -> new Watch(session)));
  }

  static Table<OperationView> table(Session session) {
    return Table.<OperationView>named(o -> o.id().toString())
        .text("ID", o -> o.id().toString())
        .text("KIND", o -> Words.of(o.kind()))
        .text("SUBJECT", OperationView::subject)
        .text("STATE", o -> Words.of(o.state()))
        .text("STEP", o -> Words.orDash(Waiting.current(o).map(OperationStep::name)))
        .number("TOOK", o -> Words.orDash(took(o)))
        .number("AGE", o -> Words.age(session.since(o.createdAt())));
  }

  private static Optional<String> took(OperationView operation) {
    return operation.endedAt().map(end -> Words.took(Duration.between(operation.createdAt(), end)));
  }

  @Command(
      name = "list",
      description = "List operations, newest first.",
      footer = {"", "Example:", "  ratoon operation list --vm web --limit 5"})
  private static final class ListThem implements Callable<Integer> {
    private final Session session;

    @Option(names = "--limit", paramLabel = "N", description = "How many (50).")
    int limit = 50;

    @Option(names = "--vm", paramLabel = "VM", description = "Only those of this VM.")
    @Nullable String vm;

    ListThem(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      Params params = Params.of("limit", limit).with("vm", Optional.ofNullable(vm));
      session
          .output()
          .list(
              session.client().list(Endpoints.OPERATION_LIST, params),
              table(session),
              "No operations yet.");
      return 0;
    }
  }

  @Command(name = "show", description = "Show one operation with its steps.")
  private static final class Show implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "ID", description = "The operation's id.")
    String id = "";

    Show(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      OperationView operation =
          session.client().call(Endpoints.OPERATION_SHOW, Params.of("operation", id));
      session.output().one(operation, () -> details(operation));
      return 0;
    }

    private Details details(OperationView operation) {
      return new Details(operation.id().toString())
          .line("operation", operation.id())
          .line("kind", Words.of(operation.kind()))
          .line("subject", operation.subject())
          .line("state", Words.of(operation.state()))
          .line("began", operation.createdAt())
          .line("took", took(operation))
          .lines("steps", operation.steps().stream().map(Show::step).toList())
          .line("result", operation.result())
          .line(
              operation.state().ended() ? "problem" : "waiting",
              operation.problem().map(problem -> problem.oneLine()))
          .line(
              "next", operation.problem().map(problem -> problem.next()).filter(n -> !n.isEmpty()));
    }

    private static String step(OperationStep step) {
      Optional<Duration> took =
          step.began().flatMap(began -> step.ended().map(end -> Duration.between(began, end)));
      return (step.name()
              + "  "
              + Words.of(step.state())
              + took.map(time -> " in " + Words.took(time)).orElse("")
              + "  "
              + Progress.bar(step.bytesDone(), step.bytesTotal()))
          .stripTrailing();
    }
  }

  @Command(
      name = "watch",
      description = "Watch operations until they have ended: those named, or all that run.",
      footer = {"", "Exits with 1 if one of them fails."})
  private static final class Watch implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "ID", arity = "0..*", description = "Ids of operations.")
    List<String> ids = List.of();

    Watch(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      List<OperationView> watched =
          ids.isEmpty()
              ? session.client().list(Endpoints.OPERATION_LIST, Params.of("limit", 1000)).stream()
                  .filter(operation -> !operation.state().ended())
                  .toList()
              : ids.stream()
                  .map(id ->
                      session.client().call(Endpoints.OPERATION_SHOW, Params.of("operation", id)))
                  .toList();
      if (watched.isEmpty()) {
        session.output().say("No operation is running.");
      }
      return new WaitOption().finish(session, watched);
    }
  }
}
