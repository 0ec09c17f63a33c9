package dev.ratoon.cli;

import dev.ratoon.cli.command.Branch;
import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.disk.DiskCommands;
import dev.ratoon.cli.fleet.FleetCommands;
import dev.ratoon.cli.image.ImageCommands;
import dev.ratoon.cli.operation.OperationCommands;
import dev.ratoon.cli.output.Output;
import dev.ratoon.cli.vm.PlaceCommands;
import dev.ratoon.cli.vm.VmCommands;
import dev.ratoon.model.ByteSize;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command line's one entrance. */
public final class Cli {
  private final Session session;
  private final List<Branch> branches;
  private final List<String> remote;

  /**
   * @param host the commands that need this machine rather than a server, shown before the others
   */
  public Cli(Session session, List<Branch> host) {
    this.session = session;
    branches = new ArrayList<>(host);
    branches.add(ImageCommands.branch(session));
    branches.add(VmCommands.branch(session));
    branches.addAll(PlaceCommands.branches(session));
    branches.addAll(FleetCommands.branches(session));
    branches.add(OperationCommands.branch(session));
    remote = branches.stream().skip(host.size()).map(Branch::name).toList();
    branches.add(DiskCommands.branch(session));
    branches.add(Branch.command("completion", () -> new Completion(session, this::whole)));
  }

  /** Runs one command and says how it ended, see {@link ExitCode}. */
  public int run(String... args) {
    boolean help = List.of(args).contains("--help") || List.of(args).contains("-h");
    if (args.length > 1 && remote.contains(args[0]) && !help) {
      session.prepareClient();
    }
    CommandLine line = commandLine(List.of(args));
    try {
      return line.execute(args);
    } catch (OutOfMemoryError tooLittle) {
      return outOfMemory(args);
    } finally {
      session.close();
    }
  }

  /** With every command, for the completion script. */
  private CommandLine whole() {
    return commandLine(List.of());
  }

  private CommandLine commandLine(List<String> args) {
    CommandLine root = new CommandLine(new RootCommand(session));
    grow(root, branches, args);
    root.setOut(writer(session.terminal().out()));
    root.setErr(writer(session.terminal().err()));
    root.setColorScheme(
        CommandLine.Help.defaultColorScheme(session.terminal().colour() ? Ansi.ON : Ansi.OFF));
    root.setUsageHelpAutoWidth(false);
    root.setUsageHelpWidth(Math.clamp(session.terminal().columns(), 80, 110));
    root.setParameterExceptionHandler(this::usage);
    root.setExecutionExceptionHandler(this::failed);
    root.setCaseInsensitiveEnumValuesAllowed(true);
    return root;
  }

  /**
   * Hangs on the one branch that the next word names; all of them when it names none, so that help
   * and messages about mistakes know them all.
   */
  private static void grow(CommandLine parent, List<Branch> branches, List<String> args) {
    for (int i = 0; i < args.size(); i++) {
      for (Branch branch : branches) {
        if (branch.name().equals(args.get(i))) {
          hang(parent, branch, args.subList(i + 1, args.size()));
          return;
        }
      }
      if (!args.get(i).startsWith("-")) {
        break;
      }
    }
    branches.forEach(branch -> hang(parent, branch, List.of()));
  }

  private static void hang(CommandLine parent, Branch branch, List<String> args) {
    CommandLine child = new CommandLine(branch.command().get());
    grow(child, branch.children(), args);
    parent.addSubcommand(branch.name(), child);
  }

  private static PrintWriter writer(PrintStream stream) {
    return new PrintWriter(stream, true, stream.charset());
  }

  private int usage(ParameterException mistake, String[] args) {
    String command = mistake.getCommandLine().getCommandSpec().qualifiedName();
    Output.error(
        session.terminal(),
        Problem.of(ErrorCode.INVALID_REQUEST, "reading the command line")
            .detail(
                String.valueOf(mistake.getMessage()).replaceFirst("^Error: ", "") + meant(mistake))
            .next(command + " --help"));
    return ExitCode.USAGE;
  }

  private static String meant(ParameterException mistake) {
    List<String> suggestions =
        mistake instanceof UnmatchedArgumentException unmatched
            ? unmatched.getSuggestions()
            : List.of();
    return suggestions.isEmpty() ? "." : ". Did you mean " + String.join(" or ", suggestions) + "?";
  }

  private int failed(Exception failure, CommandLine line, ParseResult parsed) {
    Problem problem =
        failure instanceof RatoonException expected
            ? expected.problem()
            : Problem.of(
                    ErrorCode.INTERNAL, "running '" + line.getCommandSpec().qualifiedName() + "'")
                .detail(failure.toString())
                .next("This is a defect in Ratoon: please report it" + kept(failure));
    Output.error(session.terminal(), problem);
    return ExitCode.of(problem);
  }

  private int outOfMemory(String... args) {
    Output.error(
        session.terminal(),
        Problem.of(ErrorCode.TOO_LARGE, "running 'ratoon " + String.join(" ", args) + "'")
            .detail(
                "It needs more memory than the "
                    + ByteSize.show(Runtime.getRuntime().maxMemory())
                    + " that it has.")
            .next("Give a disk command more, for example 8 GiB, with: RATOON_HEAP=8g ratoon disk"));
    return ExitCode.HOST;
  }

  /** Where the stack trace is: it tells the reader of the report much, and the user nothing. */
  private static String kept(Exception defect) {
    try {
      Path file = Files.createTempFile("ratoon-defect-", ".txt");
      try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(file))) {
        defect.printStackTrace(out);
      }
      return " with " + file + ".";
    } catch (IOException unwritable) {
      return ".";
    }
  }
}
