package dev.ratoon.app;

import dev.ratoon.agent.Agent;
import dev.ratoon.agent.fleet.Membership;
import dev.ratoon.app.machine.DataFolder;
import dev.ratoon.app.machine.LocalAgent;
import dev.ratoon.app.machine.LocalServer;
import dev.ratoon.cli.command.Session;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "up",
    description = "Start Ratoon on this machine: server and agent in one process.",
    footer = {
      "",
      "Examples:",
      "  ratoon up",
      "  ratoon up --listen 0.0.0.0:7800",
      "  ratoon up --foreground    (for systemd and the like)",
      "",
      "RATOON_ACCEL (auto, kvm or tcg) says how VMs are run, RATOON_LISTEN where to listen."
    })
final class UpCommand implements Callable<Integer> {
  private final Session session;
  private final DataFolder folder;

  @Option(
      names = "--foreground",
      description = "Stay, and log to standard error too, until ended by a signal.")
  boolean foreground;

  @Option(
      names = "--listen",
      paramLabel = "ADDRESS:PORT",
      description = "Where the API answers (127.0.0.1:7800).")
  @Nullable String listen;

  UpCommand(Session session, DataFolder folder) {
    this.session = session;
    this.folder = folder;
  }

  @Override
  public Integer call() {
    Optional<String> address = Optional.ofNullable(listen);
    Optional<Membership> fleet = Membership.in(Agent.folder(folder.home()));
    if (fleet.isPresent() && !foreground) {
      return LocalAgent.up(session, folder, fleet.get().server());
    }
    if (foreground) {
      return Serve.untilEnded(folder, ServerOptions.ofOneMachine(address), true);
    }
    LocalServer.up(session, folder, address);
    return 0;
  }
}
