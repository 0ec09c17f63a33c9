package dev.ratoon.simulation;

import dev.ratoon.cache.Cache;
import dev.ratoon.model.TimeSource;
import dev.ratoon.protocol.client.ApiClient;
import dev.ratoon.protocol.client.ServerAccess;
import dev.ratoon.server.Inside;
import dev.ratoon.server.Server;
import dev.ratoon.server.ServerConfig;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.DatabaseAddress;
import dev.ratoon.testkit.Postgres;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A real server in a folder of its own, on a real database, with its API on a free port of the
 * loopback.
 */
public final class RunningServer implements AutoCloseable {
  private final Path home;
  private final Server server;
  private final ServerAccess access;
  private final DatabaseAddress address;
  private final Deque<AutoCloseable> parts;

  private RunningServer(
      Path home,
      Server server,
      ServerAccess access,
      DatabaseAddress address,
      Deque<AutoCloseable> parts) {
    this.home = home;
    this.server = server;
    this.access = access;
    this.address = address;
    this.parts = parts;
  }

  /** Which database it keeps its data in. */
  public enum Kind {
    SQLITE,
    POSTGRESQL,
    /** What was committed outlives a power loss, as it must wherever it matters. */
    DURABLE_POSTGRESQL
  }

  /** Starts one, whose time is this. */
  public static RunningServer start(Kind kind, TimeSource time) throws IOException {
    return start(kind, time, _ -> {});
  }

  /**
   * Starts one.
   *
   * @param before fills its database, which has all tables, before the server looks into it
   */
  static RunningServer start(Kind kind, TimeSource time, Consumer<Database> before)
      throws IOException {
    Deque<AutoCloseable> parts = new ArrayDeque<>();
    Path home = Files.createTempDirectory("ratoon-simulation-");
    try {
      DatabaseAddress address =
          switch (kind) {
            case SQLITE -> new DatabaseAddress.File(home.resolve("ratoon.db"));
            case POSTGRESQL, DURABLE_POSTGRESQL -> {
              Postgres postgres = Postgres.start(kind == Kind.DURABLE_POSTGRESQL);
              parts.push(postgres);
              yield DatabaseAddress.parse(postgres.newDatabase(), Map.of());
            }
          };
      try (Database database = Database.open(address)) {
        before.accept(database);
      }
      Cache library = Cache.open(home.resolve("cache"), 1, time);
      parts.push(library);
      Server server =
          Server.start(
              new ServerConfig(
                  home,
                  new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                  "0-simulation",
                  Optional.of(address),
                  Optional.empty(),
                  0),
              library,
              time);
      parts.push(server);
      Path client = home.resolve("client");
      ServerAccess access =
          new ServerAccess(
              server.address(),
              Files.readString(client.resolve("admin.token")).strip(),
              Files.readString(client.resolve("ca.pem")));
      return new RunningServer(home, server, access, address, parts);
    } catch (RuntimeException failed) {
      close(parts, home);
      throw failed;
    }
  }

  public Server server() {
    return server;
  }

  public Inside inside() {
    return new Inside(server);
  }

  /**
   * Lets PostgreSQL look at how its tables are filled, as it does by itself after a minute or so.
   */
  public void analyze() {
    if (address instanceof DatabaseAddress.Shared shared) {
      try (Connection connection = DriverManager.getConnection(shared.url());
          Statement statement = connection.createStatement()) {
        statement.execute("analyze");
      } catch (SQLException failed) {
        throw new IllegalStateException(failed);
      }
    }
  }

  /** How its API is reached. */
  public ServerAccess access() {
    return access;
  }

  /** Its database, looked at beside it; for the caller to close. */
  public Database database() {
    return Database.open(address);
  }

  public ApiClient client() {
    return new ApiClient(access);
  }

  @Override
  public void close() {
    close(parts, home);
  }

  private static void close(Deque<AutoCloseable> parts, Path home) {
    while (!parts.isEmpty()) {
      try {
        parts.pop().close();
      } catch (Exception failed) {
        throw new IllegalStateException("what was started does not end", failed);
      }
    }
    try (Stream<Path> files = Files.walk(home)) {
      List<Path> all = files.sorted(Comparator.reverseOrder()).toList();
      for (Path file : all) {
        Files.deleteIfExists(file);
      }
    } catch (IOException left) {
      throw new IllegalStateException("files of the simulation were left in " + home, left);
    }
  }
}
