package dev.ratoon.cli.vm;

import dev.ratoon.cli.command.Session;
import dev.ratoon.protocol.VmEndpoints;
import dev.ratoon.protocol.client.Answer;
import dev.ratoon.protocol.client.Params;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "console",
    description = "Print what a guest wrote to its serial console.",
    footer = {"", "Example:", "  ratoon vm console web --follow"})
final class VmConsole implements Callable<Integer> {
  private static final int WAIT_SECONDS = 25;

  private final Session session;

  @Parameters(paramLabel = "VM", description = "The VM's name or id.")
  String name = "";

  @Option(
      names = {"-f", "--follow"},
      description = "Go on printing what comes, until Ctrl-C.")
  boolean follow;

  VmConsole(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    long offset = 0;
    while (true) {
      Params params = Params.of("vm", name).with("offset", offset);
      Answer answer =
          session
              .client()
              .bytes(VmEndpoints.VM_CONSOLE, follow ? params.with("wait", WAIT_SECONDS) : params);
      byte[] text = answer.body();
      session.terminal().out().write(text, 0, text.length);
      offset = next(answer, offset);
      boolean nobodyReads = session.terminal().out().checkError(); // as with '| head'
      if (nobodyReads || (!follow && text.length == 0)) {
        return 0;
      }
    }
  }

  private static long next(Answer answer, long offset) {
    return answer
        .header("Ratoon-Next-Offset")
        .map(Long::parseLong)
        .orElse(offset + answer.body().length);
  }
}
