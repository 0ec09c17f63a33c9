package dev.ratoon.app.machine;

import dev.ratoon.disk.file.Faults;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.Endpoints;
import dev.ratoon.protocol.HostEndpoints;
import dev.ratoon.protocol.api.Health;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.client.ApiClient;
import dev.ratoon.protocol.client.Params;
import dev.ratoon.protocol.client.ServerAccess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The server process of this machine, seen from outside: starts it, finds it, ends it. */
final class ServerProcess {
  private static final Duration START_TIMEOUT = Duration.ofSeconds(60);
  private static final Duration CONNECT_PATIENCE = Duration.ofSeconds(15);
  private static final Duration END_TIMEOUT = Duration.ofSeconds(30);
  private static final long POLL_MILLIS = 50;
  private static final int LOG_LINES = 15;

  private final DataFolder folder;
  private final List<String> command;

  /**
   * @param command of a process that serves the folder until it is ended
   */
  ServerProcess(DataFolder folder, List<String> command) {
    this.folder = folder;
    this.command = command;
  }

  /** With this program's own {@code serve}. */
  static ServerProcess ofThisProgram(DataFolder folder, Optional<String> listen) {
    return new ServerProcess(folder, JavaCommand.serve(listen));
  }

  /**
   * How a start went.
   *
   * @param fresh whether it was started now, rather than found running
   */
  record Started(Health health, boolean fresh) {}

  /**
   * Starts the process, unless it runs, and waits until it answers. Safe to be called by several
   * processes at once.
   *
   * @throws RatoonException {@link ErrorCode#HYPERVISOR_UNAVAILABLE} and the like if it ended
   *     again, with what it said
   */
  Started start() {
    folder.create();
    try (RunLock _ = RunLock.toStart(folder)) {
      Optional<ProcessHandle> running = RunLock.owner(folder);
      ProcessHandle process = running.isPresent() ? running.get() : spawn().toHandle();
      return new Started(awaitHealth(process), running.isEmpty());
    }
  }

  /**
   * Starts the process of a host that has joined a fleet, unless it runs.
   *
   * @return whether its server has answered, for which it waits a little
   * @throws RatoonException as {@link #start}
   */
  boolean startAgent() {
    folder.create();
    try (RunLock _ = RunLock.toStart(folder)) {
      Optional<ProcessHandle> running = RunLock.owner(folder);
      if (running.isEmpty()) {
        Files.deleteIfExists(folder.connected());
      }
      ProcessHandle process = running.isPresent() ? running.get() : spawn().toHandle();
      long end = System.nanoTime() + CONNECT_PATIENCE.toNanos();
      while (!Files.exists(folder.connected()) && System.nanoTime() < end) {
        requireAlive(process);
        pause();
      }
      return Files.exists(folder.connected());
    } catch (IOException failed) {
      throw Faults.unwritable(folder.connected(), failed);
    }
  }

  /** The process, if it runs. */
  Optional<ProcessHandle> running() {
    return RunLock.owner(folder);
  }

  /**
   * Ends the process: asks first, and kills it when it does not listen.
   *
   * @return whether it ended by itself
   */
  static boolean end(ProcessHandle process) {
    process.destroy();
    if (ended(process)) {
      return true;
    }
    process.destroyForcibly();
    if (!ended(process)) {
      throw Problem.of(ErrorCode.TIMED_OUT, "ending process " + process.pid())
          .detail("It does not end.")
          .asException();
    }
    return false;
  }

  /** A new session, so that no terminal takes it along when it closes. */
  private Process spawn() {
    List<String> inSession = new ArrayList<>(List.of("setsid"));
    inSession.addAll(command);
    ProcessBuilder builder = new ProcessBuilder(inSession);
    builder.environment().put("RATOON_HOME", folder.home().toString());
    builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
    builder.redirectOutput(folder.errors().toFile());
    builder.redirectErrorStream(true);
    try {
      return builder.start();
    } catch (IOException failed) {
      throw Problem.of(ErrorCode.INTERNAL, "starting the server process")
          .detail(String.valueOf(failed.getMessage()))
          .asException(failed);
    }
  }

  private Health awaitHealth(ProcessHandle process) {
    long end = System.nanoTime() + START_TIMEOUT.toNanos();
    while (System.nanoTime() < end) {
      Optional<Health> health = health();
      if (health.isPresent() && health.get().processId() == process.pid() && hostReports()) {
        return health.get();
      }
      requireAlive(process);
      pause();
    }
    throw Problem.of(ErrorCode.TIMED_OUT, "starting Ratoon")
        .detail("The server process did not answer within " + START_TIMEOUT.toSeconds() + " s.")
        .next("See " + folder.log())
        .asException();
  }

  private void requireAlive(ProcessHandle process) {
    if (!process.isAlive()) {
      throw Problem.of(ErrorCode.SERVER_UNREACHABLE, "starting Ratoon")
          .detail("The process ended. It said last:\n" + lastWords())
          .next("See " + folder.log() + ", and run: ratoon doctor")
          .asException();
    }
  }

  private Optional<Health> health() {
    try (ApiClient client = client()) {
      return Optional.of(client.call(Endpoints.HEALTH, Params.NONE));
    } catch (RatoonException notYet) {
      return Optional.empty();
    }
  }

  /** Before its own agent has reported, a server would refuse every deploy for lack of a host. */
  private boolean hostReports() {
    try (ApiClient client = client()) {
      return client.list(HostEndpoints.HOST_LIST, Params.NONE).stream()
          .anyMatch(HostView::connected);
    } catch (RatoonException notYet) {
      return false;
    }
  }

  private ApiClient client() {
    return new ApiClient(ServerAccess.find(Map.of("RATOON_HOME", folder.home().toString())));
  }

  private String lastWords() {
    try {
      Path file =
          Files.exists(folder.errors()) && Files.size(folder.errors()) > 0
              ? folder.errors()
              : folder.log();
      List<String> lines = Files.readAllLines(file);
      return String.join("\n", lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size()));
    } catch (IOException nothing) {
      return "(nothing)";
    }
  }

  private static boolean ended(ProcessHandle process) {
    CompletableFuture<ProcessHandle> exit = process.onExit();
    try {
      exit.get(END_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException late) {
      return false;
    } catch (InterruptedException | java.util.concurrent.ExecutionException stopped) {
      throw new IllegalStateException(stopped);
    }
  }

  private static void pause() {
    try {
      Thread.sleep(POLL_MILLIS);
    } catch (InterruptedException stopped) {
      throw new IllegalStateException(stopped);
    }
  }
}
