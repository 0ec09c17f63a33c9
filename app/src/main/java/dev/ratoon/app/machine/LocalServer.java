package dev.ratoon.app.machine;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Output;
import dev.ratoon.cli.output.Words;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.Endpoints;
import dev.ratoon.protocol.api.StopRequest;
import dev.ratoon.protocol.client.Params;
import dev.ratoon.protocol.client.ServerAccess;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Brings the server of this machine up and down, and says so. */
public final class LocalServer {
  private static final int NAMES_SHOWN = 20;

  private LocalServer() {}

  /** Starts it in the background and says so. */
  public static void up(Session session, DataFolder folder, Optional<String> listen) {
    long began = System.nanoTime();
    ServerProcess.Started started = ServerProcess.ofThisProgram(folder, listen).start();
    session.forgetClient();
    String where =
        ServerAccess.find(session.environment()).server()
            + " (process "
            + started.health().processId()
            + ")";
    session
        .output()
        .say(
            started.fresh()
                ? String.format(
                    Locale.ROOT,
                    "Ratoon is up at %s after %.1f s. It logs to %s.",
                    where,
                    (System.nanoTime() - began) / 1e9,
                    folder.log())
                : "Ratoon already runs at " + where + ".");
  }

  /** Says what it does, and how to exit. */
  public static int down(Session session, DataFolder folder, boolean keepVms, int graceSeconds) {
    Optional<ProcessHandle> process =
        ServerProcess.ofThisProgram(folder, Optional.empty()).running();
    if (process.isEmpty()) {
      session.output().say("Ratoon does not run with " + folder.home() + ".");
      return ExitCode.OK;
    }
    if (!keepVms) {
      int code = stopVms(session, process.get(), new StopRequest(graceSeconds));
      if (code != ExitCode.OK) {
        session
            .output()
            .say("Ratoon runs on. To end it and leave VMs as they are: ratoon down --keep-vms");
        return code;
      }
    }
    session.forgetClient(); // a server that ends waits for who is connected
    boolean listened = ServerProcess.end(process.get());
    session
        .output()
        .say(
            (listened ? "Ratoon is down" : "Ratoon did not end when asked, and was killed")
                + (keepVms ? "; its VMs run on." : "."));
    return ExitCode.OK;
  }

  /**
   * Makes sure that the client speaks with the server of this folder: what is meant for this
   * machine must not befall a fleet elsewhere.
   *
   * @throws RatoonException {@link ErrorCode#INVALID_REQUEST} if it speaks with another
   */
  public static void checkItIsOurs(Session session, DataFolder folder) {
    ServerProcess.ofThisProgram(folder, Optional.empty())
        .running()
        .ifPresent(process -> check(session, process));
  }

  private static void check(Session session, ProcessHandle process) {
    if (session.client().call(Endpoints.HEALTH, Params.NONE).processId() != process.pid()) {
      throw Problem.of(ErrorCode.INVALID_REQUEST, "asking the server of this machine")
          .detail("RATOON_SERVER leads to another.")
          .next("Unset RATOON_SERVER, RATOON_TOKEN and RATOON_CA.")
          .asException();
    }
  }

  private static int stopVms(Session session, ProcessHandle process, StopRequest how) {
    try {
      check(session, process);
      List<EntityName> left = new StoppingVms(session, how).stopAll();
      if (left.isEmpty()) {
        return ExitCode.OK;
      }
      session.output().say("Not stopped: " + Words.names(left, NAMES_SHOWN) + ".");
      return ExitCode.FAILED;
    } catch (RatoonException unreachable) {
      Output.error(session.terminal(), unreachable.problem());
      session.output().say("Whether all VMs are stopped is not known.");
      return ExitCode.of(unreachable.problem());
    }
  }
}
