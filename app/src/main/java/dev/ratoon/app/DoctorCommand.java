package dev.ratoon.app;

import dev.ratoon.agent.doctor.Doctor;
import dev.ratoon.agent.doctor.Finding;
import dev.ratoon.app.machine.DataFolder;
import dev.ratoon.app.machine.ThisMachine;
import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Output;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "doctor",
    description = "Look whether this machine has what VMs need, and put right what is not.",
    footer = {"", "Exits with 0 when all is well, else with 5."})
final class DoctorCommand implements Callable<Integer> {
  private final Session session;
  private final DataFolder folder;

  @Option(names = "--fix", description = "Put right what can be.")
  boolean fix;

  DoctorCommand(Session session, DataFolder folder) {
    this.session = session;
    this.folder = folder;
  }

  @Override
  public Integer call() {
    List<Doctor.Result> results =
        ThisMachine.doctor(folder, session.environment()).examine(fix, this::show);
    boolean well = results.stream().allMatch(r -> r.finding() instanceof Finding.Ok);
    if (!well && results.stream().anyMatch(r -> r.finding() instanceof Finding.Mendable)) {
      session.output().say("Put right what can be with: ratoon doctor --fix");
    }
    return well ? ExitCode.OK : ExitCode.HOST;
  }

  private void show(Doctor.Result result) {
    String line =
        switch (result.finding()) {
          case Finding.Ok(String words) ->
              "ok   " + result.name() + ": " + words + (result.mended() ? " (put right)" : "");
          case Finding.Mendable(String wrong, String how) ->
              "BAD  " + result.name() + ": " + wrong + "\n       can be put right: " + how;
          case Finding.Beyond(String wrong, String how) ->
              "BAD  " + result.name() + ": " + wrong + "\n       " + how;
        };
    session.terminal().out().println(line);
    result.failure().ifPresent(problem -> Output.error(session.terminal(), problem));
  }
}
