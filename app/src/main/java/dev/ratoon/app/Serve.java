package dev.ratoon.app;

import dev.ratoon.agent.Agent;
import dev.ratoon.agent.fleet.Membership;
import dev.ratoon.app.machine.DataFolder;
import dev.ratoon.app.machine.RunLock;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server process: takes the data folder's lock, builds server and agent, and lives until a
 * signal ends it. VMs are not its children; they outlive it.
 */
final class Serve {
  private static final int CLOSE_SECONDS = 20;

  private Serve() {}

  /**
   * @param foreground whether it logs to standard error too
   */
  static int untilEnded(DataFolder folder, ServerOptions options, boolean foreground) {
    folder.create();
    try (RunLock _ = RunLock.take(folder)) {
      Logger log = logger(folder, foreground);
      CountDownLatch asked = new CountDownLatch(1);
      CountDownLatch closed = new CountDownLatch(1);
      try (AutoCloseable _ = start(folder, options)) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> end(asked, closed), "ending"));
        log.info("Serving {}", folder.home());
        asked.await();
        log.info("Ending");
      } catch (Exception failed) {
        log.error("Serving {} failed", folder.home(), failed);
        throw failed instanceof RuntimeException known ? known : new IllegalStateException(failed);
      } finally {
        closed.countDown();
      }
      return 0;
    }
  }

  /** Builds what this process serves, top to bottom. */
  private static AutoCloseable start(DataFolder folder, ServerOptions options) {
    Path agent = Agent.folder(folder.home());
    Optional<Membership> fleet = Membership.in(agent);
    if (fleet.isPresent() && !options.runsVms()) {
      throw Problem.of(ErrorCode.WRONG_STATE, "starting a server in " + folder.home())
          .detail("This machine is a host of the fleet of " + fleet.get().server() + ".")
          .next("Use another machine, or set RATOON_HOME to another folder.")
          .asException();
    }
    return fleet.isPresent()
        ? JoinedHost.start(folder.home(), fleet.get(), System.getenv(), () -> noteConnected(folder))
        : OneMachine.start(folder.home(), options, System.getenv());
  }

  private static void noteConnected(DataFolder folder) {
    try {
      Files.writeString(folder.connected(), Instant.now() + "\n");
    } catch (IOException unwritable) {
      LoggerFactory.getLogger(Serve.class).warn("Connected; that could not be noted", unwritable);
    }
  }

  /** Logging reads its configuration once, at its first use: this must be before it. */
  static Logger logger(DataFolder folder, boolean foreground) {
    System.setProperty("ratoon.log", folder.log().toString());
    System.setProperty(
        "logback.configurationFile",
        foreground ? "dev/ratoon/app/log-foreground.xml" : "dev/ratoon/app/log.xml");
    return LoggerFactory.getLogger(Serve.class);
  }

  /** The JVM halts when its hooks have ended: this one waits until the parts are closed. */
  private static void end(CountDownLatch asked, CountDownLatch closed) {
    asked.countDown();
    try {
      closed.await(CLOSE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }
}
