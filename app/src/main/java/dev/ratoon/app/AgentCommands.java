package dev.ratoon.app;

import dev.ratoon.agent.Agent;
import dev.ratoon.agent.fleet.Membership;
import dev.ratoon.app.machine.DataFolder;
import dev.ratoon.app.machine.LocalAgent;
import dev.ratoon.cli.command.Branch;
import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.client.ServerAccess;
import dev.ratoon.protocol.fleet.JoinToken;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code agent join|up|down|leave|disk-folder}: this machine as a host of a fleet elsewhere. */
final class AgentCommands {
  private AgentCommands() {}

  static Branch branch(Session session, DataFolder folder) {
    return Branch.group(
        "agent",
        Group::new,
        Branch.command("join", () -> new Join(session, folder)),
        Branch.command("up", () -> new Up(session, folder)),
        Branch.command("down", () -> new Down(session, folder)),
        Branch.command("leave", () -> new Leave(session, folder)),
        DiskFolderCommands.branch(session, folder));
  }

  @Command(
      name = "agent",
      synopsisSubcommandLabel = "COMMAND",
      description = "Make this machine a host of a fleet whose server is elsewhere.")
  private static final class Group {}

  @Command(
      name = "join",
      description = "Join a fleet, and start the agent.",
      footer = {
        "",
        "On the server 'ratoon host token' prints the whole command. The token may also be in the",
        "environment, as RATOON_JOIN_TOKEN, where no other user sees it.",
        "",
        "Example:",
        "  ratoon agent join https://control.example.org:7800 --token rtn1...",
        "  ratoon agent join https://a.example:7800,https://b.example:7800 --token rtn1..."
      })
  static final class Join implements Callable<Integer> {
    private final Session session;
    private final DataFolder folder;

    @Parameters(
        paramLabel = "SERVER",
        description = "Where the fleet's server answers; of several, with commas between.")
    String server = "";

    @Option(names = "--token", paramLabel = "TOKEN", description = "From 'ratoon host token'.")
    @Nullable String token;

    @Option(
        names = "--name",
        paramLabel = "NAME",
        description = "What the fleet calls this host (its own name).")
    @Nullable String name;

    Join(Session session, DataFolder folder) {
      this.session = session;
      this.folder = folder;
    }

    @Override
    public Integer call() {
      if (Files.exists(folder.home().resolve("server"))) {
        throw Problem.of(ErrorCode.WRONG_STATE, "joining a fleet")
            .detail("This machine has a server of its own, in " + folder.home() + ".")
            .next("Use another machine, or set RATOON_HOME to another folder.")
            .asException();
      }
      JoinToken shown =
          JoinToken.parse(
              token == null ? session.environment().getOrDefault("RATOON_JOIN_TOKEN", "") : token);
      Path own = Agent.folder(folder.create().home());
      Membership fleet =
          Membership.join(
              own,
              ServerAccess.addresses(server),
              shown,
              Optional.ofNullable(name).map(EntityName::new));
      session.output().say("This host is '" + fleet.name() + "' of " + fleet.server() + " now.");
      return LocalAgent.up(session, folder, fleet.server());
    }
  }

  @Command(
      name = "up",
      description = "Start the agent of this host, which has joined a fleet.",
      footer = {"", "Example, for systemd and the like:", "  ratoon agent up --foreground"})
  static final class Up implements Callable<Integer> {
    private final Session session;
    private final DataFolder folder;

    @Option(
        names = "--foreground",
        description = "Stay, and log to standard error too, until ended by a signal.")
    boolean foreground;

    Up(Session session, DataFolder folder) {
      this.session = session;
      this.folder = folder;
    }

    @Override
    public Integer call() {
      Membership fleet = membership(folder);
      return foreground
          ? Serve.untilEnded(folder, ServerOptions.ofOneMachine(Optional.empty()), true)
          : LocalAgent.up(session, folder, fleet.server());
    }
  }

  @Command(name = "down", description = "End the agent of this host; its VMs run on.")
  static final class Down implements Callable<Integer> {
    private final Session session;
    private final DataFolder folder;

    Down(Session session, DataFolder folder) {
      this.session = session;
      this.folder = folder;
    }

    @Override
    public Integer call() {
      Membership _ = membership(folder);
      LocalAgent.down(session, folder);
      return ExitCode.OK;
    }
  }

  @Command(
      name = "leave",
      description = "Leave the fleet: end the agent, and forget the server.",
      footer = {"", "VMs run on, and their files stay. On the server: ratoon host remove HOST"})
  static final class Leave implements Callable<Integer> {
    private final Session session;
    private final DataFolder folder;

    Leave(Session session, DataFolder folder) {
      this.session = session;
      this.folder = folder;
    }

    @Override
    public Integer call() {
      Membership fleet = membership(folder);
      LocalAgent.down(session, folder);
      Membership.leave(Agent.folder(folder.home()));
      session.output().say("This host has left the fleet of " + fleet.server() + ".");
      return ExitCode.OK;
    }
  }

  private static Membership membership(DataFolder folder) {
    return Membership.in(Agent.folder(folder.home()))
        .orElseThrow(() ->
            Problem.of(ErrorCode.WRONG_STATE, "finding the fleet of this host")
                .detail("It has joined none.")
                .next("On the fleet's server: ratoon host token")
                .asException());
  }
}
