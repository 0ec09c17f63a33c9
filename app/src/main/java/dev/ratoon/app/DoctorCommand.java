package dev.ratoon.app;

import dev.ratoon.app.HostChecks.Check;
import dev.ratoon.app.HostChecks.Finding;
import dev.ratoon.cli.ExitCode;
import dev.ratoon.cli.Session;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "doctor",
    description = "Look whether this machine has what VMs need, and put right what is not.",
    footer = {"", "Exits with 0 when all is well, else with 5."})
final class DoctorCommand implements Callable<Integer> {
  private final Session session;

  @Option(names = "--fix", description = "Put right what can be.")
  boolean fix;

  DoctorCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    boolean well = true;
    for (Check check : ThisMachine.checks().all()) {
      Finding finding = check.look();
      if (!finding.good() && finding.mendable() && fix) {
        session.output().say("  " + check.name() + ": " + finding.change() + " ...");
        check.mend();
        finding = check.look();
      }
      well &= finding.good();
      session
          .terminal()
          .out()
          .println((finding.good() ? "ok    " : "BAD   ") + check.name() + ": " + finding.detail());
      if (!finding.good() && finding.mendable()) {
        session.terminal().out().println("      'ratoon doctor --fix' will " + finding.change());
      }
    }
    return well ? ExitCode.OK : ExitCode.HOST;
  }
}
