package dev.ratoon.app;

import dev.ratoon.cli.Session;
import dev.ratoon.protocol.client.ServerAccess;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "up",
    description = "Start Ratoon on this machine: server and agent in one process.",
    footer = {
      "",
      "Examples:",
      "  ratoon up",
      "  ratoon up --listen 0.0.0.0:7800",
      "  ratoon up --foreground    (for systemd and the like)",
      "",
      "RATOON_ACCEL (auto, kvm or tcg) says how VMs are run, RATOON_LISTEN where to listen."
    })
public final class UpCommand implements Callable<Integer> {
  private final Session session;
  private final DataFolder folder;

  @Option(
      names = "--foreground",
      description = "Stay, and log to standard error too, until ended by a signal.")
  boolean foreground;

  @Option(
      names = "--listen",
      paramLabel = "ADDRESS:PORT",
      description = "Where the API answers (127.0.0.1:7800).")
  @Nullable String listen;

  UpCommand(Session session, DataFolder folder) {
    this.session = session;
    this.folder = folder;
  }

  @Override
  public Integer call() {
    Optional<String> address = Optional.ofNullable(listen);
    if (foreground) {
      return Serve.untilEnded(folder, address, true);
    }
    start(session, folder, address);
    return 0;
  }

  /** Starts it in the background and says so. */
  public static void start(Session session, DataFolder folder, Optional<String> listen) {
    long began = System.nanoTime();
    ServerProcess.Started started = ServerProcess.ofThisProgram(folder, listen).start();
    session.forgetClient();
    String where =
        ServerAccess.find(session.environment()).server()
            + " (process "
            + started.health().processId()
            + ")";
    session
        .output()
        .say(
            started.fresh()
                ? String.format(
                    java.util.Locale.ROOT,
                    "Ratoon is up at %s after %.1f s. It logs to %s.",
                    where,
                    (System.nanoTime() - began) / 1e9,
                    folder.log())
                : "Ratoon already runs at " + where + ".");
  }
}
