package dev.ratoon.app;

import dev.ratoon.cli.Version;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.client.ServerAccess;
import dev.ratoon.server.ServerConfig;
import dev.ratoon.server.store.DatabaseAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * How this process is a server, as options and environment say.
 *
 * @param listen where the API answers
 * @param database where its memory is; a file in the data folder unless told
 * @param advertise where agents and clients reach this very server, if not where it listens
 * @param runsVms whether this machine is a host for VMs, too
 */
record ServerOptions(
    Optional<String> listen,
    Optional<String> database,
    Optional<String> advertise,
    boolean runsVms) {

  /** Server and host in one. */
  static ServerOptions ofOneMachine(Optional<String> listen) {
    return new ServerOptions(listen, Optional.empty(), Optional.empty(), true);
  }

  ServerConfig config(Path home, Map<String, String> environment) {
    InetSocketAddress address = ListenAddress.parse(listen, environment);
    Optional<DatabaseAddress> database = database(environment);
    Optional<URI> advertised =
        said(advertise, environment, "RATOON_ADVERTISE").map(ServerAccess::address);
    boolean several = database.filter(DatabaseAddress.Shared.class::isInstance).isPresent();
    if (several && advertised.isEmpty() && address.getAddress().isAnyLocalAddress()) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "starting one of several servers")
          .detail("It listens on all addresses, so nobody knows by which one it is reached.")
          .next("Listen on one address, or name it: --advertise ADDRESS:PORT")
          .asException();
    }
    return new ServerConfig(
        home,
        address,
        Version.current(),
        database,
        advertised,
        requestsPerSecond(environment.getOrDefault("RATOON_API_RATE", "")));
  }

  private static int requestsPerSecond(String text) {
    if (text.isEmpty()) {
      return ServerConfig.USUAL_REQUESTS_PER_SECOND;
    }
    if (!text.matches("\\d{1,7}")) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading RATOON_API_RATE '" + text + "'")
          .next("Write how often each user may ask in a second, or 0 for no limit.")
          .asException();
    }
    return Integer.parseInt(text);
  }

  private Optional<DatabaseAddress> database(Map<String, String> environment) {
    return said(database, environment, DatabaseAddress.VARIABLE)
        .map(text -> DatabaseAddress.parse(text, environment));
  }

  private static Optional<String> said(
      Optional<String> option, Map<String, String> environment, String variable) {
    return option.or(
        () -> Optional.ofNullable(environment.get(variable)).filter(text -> !text.isEmpty()));
  }
}
