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
 */
public record ServerConfig(
    Path home,
    InetSocketAddress listen,
    String version,
    Optional<DatabaseAddress> database,
    Optional<URI> advertised) {

  /** Of a server that is alone. */
  public ServerConfig(Path home, InetSocketAddress listen, String version) {
    this(home, listen, version, Optional.empty(), Optional.empty());
  }

  DatabaseAddress databaseAddress() {
    return database.orElseGet(
        () -> new DatabaseAddress.File(home.resolve("server").resolve("ratoon.db")));
  }
}
