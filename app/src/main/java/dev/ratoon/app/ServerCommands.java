package dev.ratoon.app;

import dev.ratoon.app.machine.DataFolder;
import dev.ratoon.cli.command.Branch;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code server}: this machine as one of the servers of a fleet. */
final class ServerCommands {
  private ServerCommands() {}

  static Branch branch(DataFolder folder) {
    return Branch.group("server", () -> new Run(folder));
  }

  @Command(
      name = "server",
      synopsisSubcommandLabel = "[COMMAND]",
      description = "Serve a fleet from this machine, without VMs of its own, until ended.",
      footer = {
        "",
        "Several servers share one PostgreSQL and the authority of the fleet: see the guide",
        "docs/guides/several-servers.md. The database's user is RATOON_DATABASE_USER, its password",
        "RATOON_DATABASE_PASSWORD, or in the file that RATOON_DATABASE_PASSWORD_FILE names.",
        "",
        "Example:",
        "  ratoon server --listen 10.0.0.1:7800 --database jdbc:postgresql://db.example.org/ratoon"
      })
  static final class Run implements Callable<Integer> {
    private final DataFolder folder;

    @Option(
        names = "--database",
        paramLabel = "URL",
        description = "PostgreSQL's address (a file of this machine).")
    @Nullable String database;

    @Option(
        names = "--listen",
        paramLabel = "ADDRESS:PORT",
        description = "Where the API answers (127.0.0.1:7800).")
    @Nullable String listen;

    @Option(
        names = "--advertise",
        paramLabel = "ADDRESS:PORT",
        description = "Where hosts reach this very server, if not there.")
    @Nullable String advertise;

    Run(DataFolder folder) {
      this.folder = folder;
    }

    @Override
    public Integer call() {
      return Serve.untilEnded(
          folder,
          new ServerOptions(
              Optional.ofNullable(listen),
              Optional.ofNullable(database),
              Optional.ofNullable(advertise),
              false),
          true);
    }
  }
}
