package dev.ratoon.cli.operation;

import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Words;
import dev.ratoon.model.OperationState;
import dev.ratoon.protocol.api.OperationView;
import java.util.List;
import picocli.CommandLine.Option;

/** The option, common to commands that begin operations, not to wait for their end. */
public final class WaitOption {
  @Option(
      names = "--no-wait",
      description = "Return as soon as the server has taken the request; prints the operation.")
  boolean noWait;

  public boolean noWait() {
    return noWait;
  }

  /** Waits, if that is wanted, reports what failed, and says how to exit. */
  public int finish(Session session, List<OperationView> begun) {
    if (noWait) {
      session.output().list(begun, OperationCommands.table(session), "");
      return 0;
    }
    begun.forEach(operation -> sayWhatIsDoneAlready(session, operation));
    List<OperationView> ended = Waiting.until(session, begun);
    int code = Waiting.report(session, ended);
    if (!session.output().forPeople()) {
      session.output().list(ended, OperationCommands.table(session), "");
    }
    return code;
  }

  /** Who asks for what is so already sees no progress, and is told why. */
  private static void sayWhatIsDoneAlready(Session session, OperationView begun) {
    if (begun.state() == OperationState.DONE && begun.result().isPresent()) {
      session
          .output()
          .say(Words.of(begun.kind()) + " " + begun.subject() + ": " + begun.result().get());
    }
  }
}
