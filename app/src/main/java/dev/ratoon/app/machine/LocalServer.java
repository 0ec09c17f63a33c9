package dev.ratoon.app.machine;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.operation.Waiting;
import dev.ratoon.cli.output.Output;
import dev.ratoon.cli.output.Words;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.Endpoints;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.StopRequest;
import dev.ratoon.protocol.api.VmView;
import dev.ratoon.protocol.client.Params;
import dev.ratoon.protocol.client.ServerAccess;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Brings the server of this machine up and down, and says so. */
public final class LocalServer {
  private static final Set<VmState> ALIVE =
      Set.of(VmState.DEPLOYING, VmState.RUNNING, VmState.PAUSED);

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
    int code = keepVms ? ExitCode.OK : stopVms(session, new StopRequest(graceSeconds));
    boolean listened = ServerProcess.end(process.get());
    session.forgetClient();
    session
        .output()
        .say(
            (listened ? "Ratoon is down" : "Ratoon did not end when asked, and was killed")
                + (keepVms ? "; its VMs run on." : "."));
    return code;
  }

  /** A server that does not answer keeps nobody from ending it. */
  private static int stopVms(Session session, StopRequest how) {
    try {
      List<VmView> alive =
          session.client().list(Endpoints.VM_LIST, Params.NONE).stream()
              .filter(vm -> ALIVE.contains(vm.state()))
              .toList();
      if (alive.isEmpty()) {
        return ExitCode.OK;
      }
      session.output().say("Stopping " + Words.count(alive.size(), "VM", "VMs") + ".");
      List<OperationView> stops =
          alive.stream()
              .map(vm -> session.client().call(Endpoints.VM_STOP, Params.of("vm", vm.id()), how))
              .toList();
      return Waiting.report(session, Waiting.until(session, stops));
    } catch (RatoonException unreachable) {
      Output.error(session.terminal(), unreachable.problem());
      session.output().say("The VMs were not stopped.");
      return ExitCode.of(unreachable.problem());
    }
  }
}
