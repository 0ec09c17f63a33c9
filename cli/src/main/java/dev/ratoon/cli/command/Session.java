package dev.ratoon.cli.command;

import dev.ratoon.cli.output.Format;
import dev.ratoon.cli.output.Output;
import dev.ratoon.cli.output.Terminal;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.client.ApiClient;
import dev.ratoon.protocol.client.ServerAccess;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What one run of the command line has at hand. */
public final class Session implements AutoCloseable {
  private final Terminal terminal;
  private final InputStream in;
  private final Map<String, String> environment;
  private final InstantSource clock;
  private Format format = Format.TABLE;
  private boolean quiet;
  private @Nullable ApiClient client;

  public Session(
      Terminal terminal, InputStream in, Map<String, String> environment, InstantSource clock) {
    this.terminal = terminal;
    this.in = in;
    this.environment = environment;
    this.clock = clock;
  }

  public Terminal terminal() {
    return terminal;
  }

  public Map<String, String> environment() {
    return environment;
  }

  public Output output() {
    return new Output(terminal, format, quiet);
  }

  /** How long ago that was. */
  public Duration since(Instant moment) {
    return Duration.between(moment, clock.instant());
  }

  /** The client; connects at its first call. */
  public ApiClient client() {
    ApiClient open = client;
    if (open == null) {
      open = new ApiClient(ServerAccess.find(environment));
      client = open;
    }
    return open;
  }

  /**
   * Begins to connect while the command line is still being read; whoever needs it hears why not.
   */
  public void prepareClient() {
    try {
      client().prepare();
    } catch (RatoonException notThere) {
      client = null;
    }
  }

  /** Lets go of the client, when a server was started or ended meanwhile. */
  public void forgetClient() {
    if (client != null) {
      client.close();
      client = null;
    }
  }

  /**
   * Asks before something is done that cannot easily be taken back.
   *
   * @return whether the user says yes
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#INVALID_REQUEST} if nobody is there
   *     to ask
   */
  public boolean confirm(String doing, String question) {
    if (!terminal.interactive()) {
      throw Problem.of(ErrorCode.INVALID_REQUEST, doing)
          .detail("It needs a yes, and there is no terminal to ask at.")
          .next("Add --yes.")
          .asException();
    }
    terminal.err().print(question + " [y/N] ");
    terminal.err().flush();
    try {
      String line =
          new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)).readLine();
      return line != null && line.strip().toLowerCase(Locale.ROOT).matches("y|yes");
    } catch (IOException gone) {
      return false;
    }
  }

  public void format(Format wanted) {
    format = wanted;
  }

  public void quiet(boolean wanted) {
    quiet = wanted;
  }

  @Override
  public void close() {
    forgetClient();
  }
}
