package dev.ratoon.agent.fleet;

import dev.ratoon.agent.bases.FleetIdentity;
import dev.ratoon.agent.host.DurableFile;
import dev.ratoon.agent.host.HostIdentity;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.client.ApiClient;
import dev.ratoon.protocol.client.AuthorityCheck;
import dev.ratoon.protocol.client.Params;
import dev.ratoon.protocol.client.ServerAccess;
import dev.ratoon.protocol.fleet.AgentEndpoints;
import dev.ratoon.protocol.fleet.JoinAnswer;
import dev.ratoon.protocol.fleet.JoinRequest;
import dev.ratoon.protocol.fleet.JoinToken;
import dev.ratoon.protocol.tls.Pem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;

/**
 * The fleet that this host belongs to. Kept in the agent's folder, beside the key that was made for
 * it; this file is written last, so that a host has either joined or not.
 *
 * @param server where the fleet's server answers
 * @param name of this host in the fleet
 * @param authority certificate of the fleet's authority, in PEM
 * @param others addresses of further servers, for when that one does not answer
 */
public record Membership(URI server, EntityName name, String authority, List<URI> others) {
  private static final String FILE = "fleet.json";

  public Membership {
    others = List.copyOf(others);
  }

  /** The membership kept in {@code folder}. */
  public static Optional<Membership> in(Path folder) {
    Path file = folder.resolve(FILE);
    try {
      return Files.exists(file)
          ? Optional.of(Json.read(Files.readString(file), Membership.class))
          : Optional.empty();
    } catch (IOException unreadable) {
      throw Faults.unreadable(file, unreadable);
    } catch (JacksonException damaged) {
      throw Problem.of(ErrorCode.FILE_UNREADABLE, "reading '" + file + "'")
          .detail("It does not hold what was written there.")
          .next("Remove this host from the fleet and let it join anew.")
          .asException(damaged);
    }
  }

  /**
   * Lets this host join a fleet: makes sure by the token that it is that fleet's server, makes a
   * key, shows the token, and keeps what it gets.
   *
   * @param folder the agent's
   * @param servers where the fleet's servers answer, in the order in which they are tried
   * @param name what the fleet is to call the host; its own name if that is not said
   * @throws RatoonException {@link ErrorCode#WRONG_STATE} if it belongs to one already; what the
   *     server refuses
   */
  public static Membership join(
      Path folder, List<URI> servers, JoinToken token, Optional<EntityName> name) {
    URI server = servers.getFirst();
    List<URI> others = servers.subList(1, servers.size());
    in(folder)
        .ifPresent(known -> {
          throw Problem.of(ErrorCode.WRONG_STATE, "joining the fleet of " + server)
              .detail("This host belongs to the fleet of " + known.server() + " already.")
              .next("To let it leave: ratoon agent leave")
              .asException();
        });
    prepare(folder);
    HostIdentity identity = HostIdentity.in(folder);
    EntityName called = name.orElse(identity.name());
    String authority = authority(servers, token);
    KeyPair keys = HostKey.make();
    JoinRequest request =
        new JoinRequest(
            token.secretText(),
            identity.id(),
            called,
            Base64.getEncoder().encodeToString(keys.getPublic().getEncoded()));
    try (ApiClient client =
        new ApiClient(new ServerAccess(server, "", authority, Optional.empty(), others))) {
      JoinAnswer answer = client.call(AgentEndpoints.JOIN, Params.NONE, request);
      HostKey.keep(folder, keys.getPrivate(), answer.certificate());
      Membership joined = new Membership(server, called, answer.authority(), others);
      DurableFile.write(folder.resolve(FILE), Json.write(joined));
      return joined;
    }
  }

  private static String authority(List<URI> servers, JoinToken token) {
    for (URI server : servers.subList(0, servers.size() - 1)) {
      try {
        return AuthorityCheck.authority(server, token.authoritySha256());
      } catch (RatoonException silent) {
        if (silent.problem().code() != ErrorCode.SERVER_UNREACHABLE) {
          throw silent;
        }
      }
    }
    return AuthorityCheck.authority(servers.getLast(), token.authoritySha256());
  }

  private static void prepare(Path folder) {
    try {
      Files.createDirectories(folder);
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
    } catch (IOException failed) {
      throw Faults.unwritable(folder, failed);
    }
  }

  /** Forgets the fleet; VMs and their files stay. */
  public static void leave(Path folder) {
    try {
      Files.deleteIfExists(folder.resolve(FILE));
    } catch (IOException failed) {
      throw Faults.unwritable(folder.resolve(FILE), failed);
    }
  }

  /**
   * Who this host is to the others of its fleet.
   *
   * @param listen where it gives base disks to them
   */
  FleetIdentity identity(Path folder, InetSocketAddress listen) {
    try {
      X509Certificate fleet = Pem.certificate(authority);
      return new FleetIdentity(
          HostIdentity.in(folder).id(),
          () -> HostKey.context(HostKey.read(folder), fleet),
          fleet.getPublicKey(),
          listen,
          server.getHost().replaceAll("[\\[\\]]", ""),
          ownAddress(listen));
    } catch (GeneralSecurityException damaged) {
      throw Problem.of(ErrorCode.FILE_UNREADABLE, "reading '" + folder.resolve(FILE) + "'")
          .detail("The certificate of the fleet's authority is damaged.")
          .next("Remove this host from the fleet and let it join anew.")
          .asException(damaged);
    }
  }

  /** The address of this machine from which it reaches the server: there others reach it, too. */
  private String ownAddress(InetSocketAddress listen) {
    if (!listen.getAddress().isAnyLocalAddress()) {
      return listen.getAddress().getHostAddress();
    }
    int port = server.getPort() < 0 ? 443 : server.getPort();
    try (DatagramSocket socket = new DatagramSocket()) {
      // Sends nothing: it asks the system for the way.
      socket.connect(new InetSocketAddress(server.getHost().replaceAll("[\\[\\]]", ""), port));
      return socket.getLocalAddress().getHostAddress();
    } catch (SocketException | UncheckedIOException noWay) {
      return "";
    }
  }

  /** How the agent, whose folder this is, reaches the server. */
  ServerAccess access(Path folder) {
    return new ServerAccess(server, "", authority, Optional.of(HostKey.read(folder)), others);
  }

  /** How it reaches one server of the fleet, which need not be among those it was told of. */
  ServerAccess access(Path folder, URI one) {
    return new ServerAccess(one, "", authority, Optional.of(HostKey.read(folder)));
  }
}
