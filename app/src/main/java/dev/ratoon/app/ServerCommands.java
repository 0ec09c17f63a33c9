package dev.ratoon.app;

import dev.ratoon.app.machine.DataFolder;
import dev.ratoon.app.machine.RunLock;
import dev.ratoon.cli.command.Branch;
import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.server.store.DatabaseAddress;
import dev.ratoon.server.store.Moving;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code server}: this machine as one of the servers of a fleet. */
final class ServerCommands {
  private ServerCommands() {}

  static Branch branch(Session session, DataFolder folder) {
    return Branch.group(
        "server",
        () -> new Run(folder),
        Branch.command("migrate-database", () -> new Migrate(session, folder)),
        Branch.command("backup", () -> new Backup(session, folder)),
        Branch.command("restore", () -> new Restore(session, folder)));
  }

  /** What an option, the environment or else the data folder names. */
  private static DatabaseAddress database(
      @Nullable String option, Session session, DataFolder folder) {
    String text =
        option == null ? session.environment().getOrDefault(DatabaseAddress.VARIABLE, "") : option;
    return text.isEmpty()
        ? new DatabaseAddress.File(folder.home().resolve("server").resolve("ratoon.db"))
        : DatabaseAddress.parse(text, session.environment());
  }

  /** Copies while no server of this machine works with either. */
  private static Integer moved(
      Session session, DataFolder folder, DatabaseAddress from, DatabaseAddress to, String next) {
    folder.create();
    try (RunLock _ = RunLock.take(folder)) {
      return copied(session, from, to, true, next);
    }
  }

  private static Integer copied(
      Session session, DatabaseAddress from, DatabaseAddress to, boolean alone, String next) {
    Moving.Moved moved = Moving.copy(from, to, alone);
    session
        .output()
        .say("%d rows of %d tables are in %s now.".formatted(moved.rows(), moved.tables(), to));
    session.output().say(next);
    return ExitCode.OK;
  }

  @Command(
      name = "migrate-database",
      description = "Copy all that a database knows of a fleet into another, which must be empty.",
      footer = {
        "",
        "No server may be at work with either. The source is left as it is: start no",
        "server with it again.",
        "",
        "Example:",
        "  ratoon server migrate-database --to jdbc:postgresql://db/ratoon"
      })
  static final class Migrate implements Callable<Integer> {
    private final Session session;
    private final DataFolder folder;

    @Option(names = "--from", paramLabel = "URL|FILE", description = "The source (this machine's).")
    @Nullable String from;

    @Option(
        names = "--to",
        required = true,
        paramLabel = "URL|FILE",
        description = "The target: PostgreSQL's address, or a new file.")
    String to = "";

    Migrate(Session session, DataFolder folder) {
      this.session = session;
      this.folder = folder;
    }

    @Override
    public Integer call() {
      return moved(
          session,
          folder,
          database(from, session, folder),
          database(to, session, folder),
          "Start servers with it from now on, and none with the old one.");
    }
  }

  @Command(
      name = "backup",
      description = "Write all that the database knows of the fleet into a new file.",
      footer = {
        "",
        "Servers may be at work. Keep server/ca.pem and server/ca.key of the data",
        "folder with it.",
        "",
        "Example:",
        "  ratoon server backup /backup/ratoon.db"
      })
  static final class Backup implements Callable<Integer> {
    private final Session session;
    private final DataFolder folder;

    @Parameters(paramLabel = "FILE", description = "The file to make.")
    String file = "";

    @Option(names = "--database", paramLabel = "URL|FILE", description = "The source.")
    @Nullable String database;

    Backup(Session session, DataFolder folder) {
      this.session = session;
      this.folder = folder;
    }

    @Override
    public Integer call() {
      return copied(
          session,
          database(database, session, folder),
          new DatabaseAddress.File(Path.of(file).toAbsolutePath()),
          false,
          "Keep server/ca.pem and server/ca.key of " + folder.home() + " with it.");
    }
  }

  @Command(
      name = "restore",
      description = "Bring a backup into an empty database.",
      footer = {
        "",
        "Hosts that have seen more than the backup knows are then left alone, with",
        "their VMs, until an operator agrees: ratoon host follow HOST",
        "",
        "Example:",
        "  ratoon server restore /backup/ratoon.db --database jdbc:postgresql://db/new"
      })
  static final class Restore implements Callable<Integer> {
    private final Session session;
    private final DataFolder folder;

    @Parameters(paramLabel = "FILE", description = "The backup.")
    String file = "";

    @Option(names = "--database", paramLabel = "URL|FILE", description = "The target.")
    @Nullable String database;

    Restore(Session session, DataFolder folder) {
      this.session = session;
      this.folder = folder;
    }

    @Override
    public Integer call() {
      return moved(
          session,
          folder,
          new DatabaseAddress.File(Path.of(file).toAbsolutePath()),
          database(database, session, folder),
          "Hosts that have seen more than it knows wait for: ratoon host follow HOST");
    }
  }

  @Command(
      name = "server",
      synopsisSubcommandLabel = "[COMMAND]",
      description = "Serve a fleet from this machine, without VMs of its own, until ended.",
      footer = {
        "",
        "Several servers share one PostgreSQL and the authority of the fleet: see",
        "docs/guides/several-servers.md. The database's user is RATOON_DATABASE_USER,",
        "its password RATOON_DATABASE_PASSWORD, or in the file that",
        "RATOON_DATABASE_PASSWORD_FILE names.",
        "",
        "Example:",
        "  ratoon server --listen 10.0.0.1:7800 --database jdbc:postgresql://db/ratoon"
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
