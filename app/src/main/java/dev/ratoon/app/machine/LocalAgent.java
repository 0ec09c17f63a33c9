package dev.ratoon.app.machine;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import java.net.URI;
import java.util.Optional;

/** Brings the agent of a host that has joined a fleet up and down, and says so. */
public final class LocalAgent {
  private LocalAgent() {}

  /** Starts it in the background, and waits a little for its server to answer. */
  public static int up(Session session, DataFolder folder, URI server) {
    boolean connected = ServerProcess.ofThisProgram(folder, Optional.empty()).startAgent();
    session
        .output()
        .say(
            connected
                ? "The agent is up and connected. It logs to " + folder.log() + "."
                : "The agent is up, but "
                    + server
                    + " does not answer yet; it goes on trying. It logs to "
                    + folder.log()
                    + ".");
    return connected ? ExitCode.OK : ExitCode.UNREACHABLE;
  }

  /** Ends it, if it runs. */
  public static void down(Session session, DataFolder folder) {
    Optional<ProcessHandle> process =
        ServerProcess.ofThisProgram(folder, Optional.empty()).running();
    if (process.isEmpty()) {
      session.output().say("The agent does not run.");
      return;
    }
    boolean listened = ServerProcess.end(process.get());
    session
        .output()
        .say(
            (listened ? "The agent is down" : "The agent did not end when asked, and was killed")
                + "; its VMs run on.");
  }
}
