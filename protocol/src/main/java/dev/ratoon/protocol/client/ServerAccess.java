package dev.ratoon.protocol.client;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Where a server is, and what proves both sides to each other.
 *
 * @param server its address, for example {@code https://127.0.0.1:7800}
 * @param token what the caller shows; empty for one who is known by a certificate, or by nothing
 * @param authorities certificates in PEM: the only ones that may have signed the server's
 * @param certificate of a caller who has one
 * @param others addresses of further servers of the same fleet, for when that one does not answer
 */
public record ServerAccess(
    URI server,
    String token,
    String authorities,
    Optional<ClientCertificate> certificate,
    List<URI> others) {
  private static final int MOST_SERVERS = 16;

  public ServerAccess {
    others = List.copyOf(others);
  }

  public static final String DEFAULT_HOME = "/var/lib/ratoon";

  /** What the user can do about a server that does not answer. */
  static final String START_IT = "Start it with: ratoon up";

  /** Access with a token. */
  public ServerAccess(URI server, String token, String authorities) {
    this(server, token, authorities, Optional.empty());
  }

  /** Access to the only server. */
  public ServerAccess(
      URI server, String token, String authorities, Optional<ClientCertificate> certificate) {
    this(server, token, authorities, certificate, List.of());
  }

  /** All addresses, in the order in which they are tried. */
  public List<URI> servers() {
    return Stream.concat(Stream.of(server), others.stream()).toList();
  }

  /**
   * What this machine's {@code up} left under {@code client/} of the data folder, with {@code
   * RATOON_SERVER}, {@code RATOON_TOKEN} and {@code RATOON_CA} (a file) put before it.
   *
   * @param environment the process's variables
   * @throws RatoonException {@link ErrorCode#SERVER_UNREACHABLE} if nothing was ever started here,
   *     {@link ErrorCode#FILE_UNREADABLE} if the caller may not read it
   */
  public static ServerAccess find(Map<String, String> environment) {
    Path client = home(environment).resolve("client");
    String ca = environment.getOrDefault("RATOON_CA", "");
    String server = environment.getOrDefault("RATOON_SERVER", "");
    String token = environment.getOrDefault("RATOON_TOKEN", "");
    List<URI> servers = addresses(server.isEmpty() ? text(client.resolve("server.url")) : server);
    return new ServerAccess(
        servers.getFirst(),
        token.isEmpty() ? text(client.resolve("admin.token")) : token,
        text(ca.isEmpty() ? client.resolve("ca.pem") : Path.of(ca)),
        Optional.empty(),
        servers.subList(1, servers.size()));
  }

  /** The data folder of this machine: {@code RATOON_HOME}, or the usual one. */
  public static Path home(Map<String, String> environment) {
    String home = environment.getOrDefault("RATOON_HOME", "");
    return Path.of(home.isEmpty() ? DEFAULT_HOME : home).toAbsolutePath().normalize();
  }

  /**
   * Reads the addresses of a fleet's servers, with commas between them.
   *
   * @return at least one
   * @throws RatoonException {@link ErrorCode#INVALID_VALUE}
   */
  public static List<URI> addresses(String text) {
    List<URI> addresses =
        Arrays.stream(text.split(","))
            .map(String::strip)
            .filter(each -> !each.isEmpty())
            .map(ServerAccess::address)
            .distinct()
            .toList();
    if (addresses.size() > MOST_SERVERS) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading " + addresses.size() + " addresses")
          .next("Name up to " + MOST_SERVERS + " servers.")
          .asException();
    }
    return addresses.isEmpty() ? List.of(address(text)) : addresses;
  }

  /**
   * Reads a server's address; where no port is named, it is the usual one.
   *
   * @throws RatoonException {@link ErrorCode#INVALID_VALUE}
   */
  public static URI address(String text) {
    try {
      URI uri = URI.create(text.contains("://") ? text : "https://" + text);
      if ("https".equals(uri.getScheme()) && uri.getHost() != null) {
        return uri.getPort() >= 0
            ? uri
            : URI.create("https://" + uri.getRawAuthority() + ":" + Connections.DEFAULT_PORT);
      }
    } catch (IllegalArgumentException notUri) {
      // Said below, like every other text that is no address.
    }
    throw Problem.of(ErrorCode.INVALID_VALUE, "reading the server's address '" + text + "'")
        .next("An address looks like https://127.0.0.1:7800.")
        .asException();
  }

  private static String text(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (NoSuchFileException absent) {
      throw Problem.of(ErrorCode.SERVER_UNREACHABLE, "finding the server")
          .detail(file + " is not there: no server has been started with this data folder.")
          .next(
              START_IT
                  + "\nOn a host that has joined another's fleet, give commands where its server is."
                  + "\nFor a server elsewhere set RATOON_SERVER, RATOON_TOKEN and RATOON_CA; for another data folder, RATOON_HOME.")
          .asException(absent);
    } catch (AccessDeniedException denied) {
      throw Problem.of(ErrorCode.FILE_UNREADABLE, "reading " + file)
          .detail("This user may not read it.")
          .next("Run the command as root, for example with sudo.")
          .asException(denied);
    } catch (IOException unreadable) {
      throw Problem.of(ErrorCode.FILE_UNREADABLE, "reading " + file)
          .detail(String.valueOf(unreadable.getMessage()))
          .asException(unreadable);
    }
  }
}
