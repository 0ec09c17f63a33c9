package dev.ratoon.app;

import dev.ratoon.app.machine.DataFolder;
import dev.ratoon.app.quickstart.Quickstart;
import dev.ratoon.app.quickstart.Uninstall;
import dev.ratoon.cli.Cli;
import dev.ratoon.cli.command.Branch;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Terminal;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;

/** The program: the command line, and behind the hidden word {@code serve} the server process. */
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    Map<String, String> environment = System.getenv();
    Terminal terminal = Terminal.ofProcess(environment);
    Session session = new Session(terminal, System.in, environment, InstantSource.system());
    System.exit(cli(session, DataFolder.of(environment)).run(args));
  }

  static Cli cli(Session session, DataFolder folder) {
    return new Cli(
        session,
        List.of(
            Branch.command("quickstart", () -> new Quickstart(session, folder)),
            Branch.command("up", () -> new UpCommand(session, folder)),
            Branch.command("down", () -> new DownCommand(session, folder)),
            AgentCommands.branch(session, folder),
            ServerCommands.branch(session, folder),
            Branch.command("doctor", () -> new DoctorCommand(session, folder)),
            Branch.command("uninstall", () -> new Uninstall(session, folder)),
            Branch.command("train", TrainCommand::new),
            Branch.command("serve", () -> new ServeCommand(folder))));
  }
}
