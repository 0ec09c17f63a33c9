package dev.ratoon.server;

import dev.ratoon.server.store.DatabaseAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where a server keeps its data and where it listens.
 *
 * @param home the data folder
 * @param listen port 0 takes any free one
 * @param version of Ratoon, which the server's health shows
 * @param database a file in the data folder unless told
 * @param advertised where agents and clients reach this very server; where it listens unless told
 * @param requestsPerSecond most that one user may ask; 0 for no limit
 */
public record ServerConfig(
    Path home,
    InetSocketAddress listen,
    String version,
    Optional<DatabaseAddress> database,
    Optional<URI> advertised,
    int requestsPerSecond) {

  /** Of each user; more than a command line or a console ever asks. */
  public static final int USUAL_REQUESTS_PER_SECOND = 1000;

  /** Of a server that is alone. */
  public ServerConfig(Path home, InetSocketAddress listen, String version) {
    this(home, listen, version, Optional.empty(), Optional.empty(), USUAL_REQUESTS_PER_SECOND);
  }

  DatabaseAddress databaseAddress() {
    return database.orElseGet(
        () -> new DatabaseAddress.File(home.resolve("server").resolve("ratoon.db")));
  }
}
