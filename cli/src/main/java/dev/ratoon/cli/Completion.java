package dev.ratoon.cli;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
    name = "completion",
    description = "Print a script that completes commands and options in a shell.",
    footer = {
      "",
      "Examples:",
      "  source <(ratoon completion bash)",
      "  ratoon completion bash > /etc/bash_completion.d/ratoon",
      "  ratoon completion zsh > ~/.ratoon-completion.zsh   (and source it in ~/.zshrc)"
    })
final class Completion implements Callable<Integer> {
  private final Session session;
  private final Supplier<CommandLine> whole;

  @Parameters(paramLabel = "SHELL", description = "bash or zsh.")
  String shell = "";

  Completion(Session session, Supplier<CommandLine> whole) {
    this.session = session;
    this.whole = whole;
  }

  @Override
  public Integer call() {
    if (!shell.equals("bash") && !shell.equals("zsh")) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "making a completion script for '" + shell + "'")
          .next("Write bash or zsh.")
          .asException();
    }
    // One script for both: it begins by making zsh understand bash's completions.
    session.terminal().out().print(AutoComplete.bash("ratoon", whole.get()));
    return ExitCode.OK;
  }
}
