package dev.ratoon.app;

import dev.ratoon.agent.Agent;
import dev.ratoon.agent.fleet.Membership;
import dev.ratoon.app.machine.DataFolder;
import dev.ratoon.app.machine.LocalAgent;
import dev.ratoon.app.machine.LocalServer;
import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.protocol.api.StopRequest;
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
final class DownCommand implements Callable<Integer> {
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
    if (Membership.in(Agent.folder(folder.home())).isPresent()) {
      // Whether VMs are to stop is the server's to say.
      LocalAgent.down(session, folder);
      return ExitCode.OK;
    }
    return LocalServer.down(session, folder, keepVms, graceSeconds);
  }
}
