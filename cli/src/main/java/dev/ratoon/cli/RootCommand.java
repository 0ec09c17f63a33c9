package dev.ratoon.cli;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Format;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

@Command(
    name = "ratoon",
    versionProvider = RootCommand.VersionLine.class,
    synopsisSubcommandLabel = "COMMAND",
    description = "Deploys virtual machines from base disks that the hosts already have.",
    footer = {
      "",
      "Begin with 'ratoon quickstart', which sets this machine up and starts ten VMs.",
      "",
      "Environment:",
      "  RATOON_HOME     data folder (/var/lib/ratoon)",
      "  RATOON_SERVER   address of a server elsewhere; with RATOON_TOKEN, and RATOON_CA (a file)",
      "  NO_COLOR        set: no colours",
      "",
      "Exit codes: 0 done, 1 the operation failed, 2 wrong usage, 3 not found, 4 conflict with what",
      "is there, 5 a host is not as needed, 6 server unreachable, 7 not allowed, 8 a disk wastes",
      "space, 9 a disk is damaged or cannot be read, 70 a defect."
    })
final class RootCommand implements Callable<Integer> {
  private final Session session;
  @Spec CommandSpec spec = CommandSpec.create();

  RootCommand(Session session) {
    this.session = session;
  }

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORM",
      scope = ScopeType.INHERIT,
      description = "How to print: table, json or yaml.")
  void format(Format format) {
    session.format(format);
  }

  @Option(
      names = {"-q", "--quiet"},
      scope = ScopeType.INHERIT,
      description = "Print names or ids only, and no progress.")
  void quiet(boolean quiet) {
    session.quiet(quiet);
  }

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Show this help.")
  boolean help;

  @Option(names = "--version", versionHelp = true, description = "Show the version.")
  boolean version;

  @Override
  public Integer call() {
    spec.commandLine().usage(session.terminal().out());
    return ExitCode.OK;
  }

  /** What {@code --version} prints. */
  static final class VersionLine implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"ratoon " + Version.current()};
    }
  }
}
