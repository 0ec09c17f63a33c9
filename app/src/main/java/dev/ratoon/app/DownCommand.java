package dev.ratoon.app;

import dev.ratoon.cli.ExitCode;
import dev.ratoon.cli.Session;
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
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "down",
    description = "Stop this machine's VMs, then Ratoon itself.",
    footer = {
      "",
      "Examples:",
      "  ratoon down",
      "  ratoon down --keep-vms    VMs run on; 'ratoon up' takes them over again"
    })
public final class DownCommand implements Callable<Integer> {
  private static final Set<VmState> ALIVE =
      Set.of(VmState.DEPLOYING, VmState.RUNNING, VmState.PAUSED);

  private final Session session;
  private final DataFolder folder;

  @Option(names = "--keep-vms", description = "Leave the VMs running.")
  boolean keepVms;

  @Option(
      names = "--grace",
      paramLabel = "SECONDS",
      description = "How long a guest may take to shut down before it is switched off (60).")
  int graceSeconds = StopRequest.DEFAULT_GRACE_SECONDS;

  DownCommand(Session session, DataFolder folder) {
    this.session = session;
    this.folder = folder;
  }

  @Override
  public Integer call() {
    return down(session, folder, keepVms, graceSeconds);
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
