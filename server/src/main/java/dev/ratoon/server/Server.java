package dev.ratoon.server;

import dev.ratoon.cache.Cache;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.TimeSource;
import dev.ratoon.protocol.agent.AgentLink;
import dev.ratoon.protocol.agent.ServerLink;
import dev.ratoon.server.agents.Asks;
import dev.ratoon.server.agents.Relay;
import dev.ratoon.server.api.Api;
import dev.ratoon.server.inventory.Inventory;
import dev.ratoon.server.library.Images;
import dev.ratoon.server.library.Imports;
import dev.ratoon.server.library.Kinship;
import dev.ratoon.server.members.Members;
import dev.ratoon.server.operations.Events;
import dev.ratoon.server.operations.Operations;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.MemberTable.Member;
import dev.ratoon.server.tenants.Tokens;
import dev.ratoon.server.tls.Certificates;
import dev.ratoon.server.tls.PrivateFile;
import dev.ratoon.server.together.Neighbours;
import dev.ratoon.server.together.Together;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.security.PublicKey;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running control plane. Everything it has acknowledged is in its database, so it may be killed
 * at any moment; the next start goes on from there.
 */
public final class Server implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Server.class);
  private static final Duration SWEEP_EVERY = Duration.ofSeconds(30);

  private final Certificates certificates;
  private final Inventory inventory;
  private final URI address;
  private final Deque<AutoCloseable> parts;

  private Server(
      Certificates certificates, Inventory inventory, URI address, Deque<AutoCloseable> parts) {
    this.certificates = certificates;
    this.inventory = inventory;
    this.address = address;
    this.parts = parts;
  }

  /**
   * Starts a server. At its first start in {@code home} it makes its certificates and the
   * administrator's token; {@code client/} in there holds what a client on this machine needs.
   *
   * @param library where images' base disks are kept
   * @param systemClock a {@link TimeSource} where time is not the machine's
   * @throws RatoonException if the data folder or the address cannot be used
   */
  public static Server start(ServerConfig config, Cache library, InstantSource systemClock) {
    // The database keeps milliseconds: what is shown first is then the same as what is shown later.
    TimeSource clock = inMillis(systemClock);
    Deque<AutoCloseable> parts = new ArrayDeque<>();
    try {
      return start(config, library, clock, parts);
    } catch (Exception failed) {
      closeAll(parts);
      throw failed instanceof RatoonException known
          ? known
          : Problem.of(ErrorCode.INTERNAL, "starting the server in " + config.home())
              .detail(String.valueOf(failed.getMessage()))
              .asException(failed);
    }
  }

  private static TimeSource inMillis(InstantSource source) {
    TimeSource time = source instanceof TimeSource whole ? whole : TimeSource.of(source);
    return new TimeSource() {
      @Override
      public Instant instant() {
        return time.instant().truncatedTo(ChronoUnit.MILLIS);
      }

      @Override
      public long nanoTime() {
        return time.nanoTime();
      }
    };
  }

  private static Server start(
      ServerConfig config, Cache library, TimeSource clock, Deque<AutoCloseable> parts)
      throws Exception {
    Path own = config.home().resolve("server");
    Path client = config.home().resolve("client");
    PrivateFile.folder(own);
    PrivateFile.folder(client);
    Certificates certificates = Certificates.in(own, config.listen(), clock.instant());
    Database database = opened(parts, Database.open(config.databaseAddress()));
    String incarnation = incarnation(database, certificates);
    Optional<Neighbours> neighbours = Neighbours.of(database, clock);
    Tokens tokens = Tokens.open(database, client.resolve("admin.token"), clock.instant());
    PrometheusMeterRegistry meters = Meters.open();
    parts.push(meters::close);
    Events events = new Events();
    Operations operations = Operations.resume(database, events, meters, clock);
    Members members = new Members(database, certificates, clock);
    Inventory inventory =
        Inventory.open(
            database,
            incarnation,
            neighbours
                .<Supplier<String>>map(n -> n.seat()::run)
                .orElseGet(() -> begun(database, clock)),
            members,
            operations,
            new TransferMeters(meters).counts(),
            clock);
    Meters.watch(meters, inventory);
    inventory.lowSpace().onChange(events::publish);
    Kinship kinship = opened(parts, new Kinship(database, library));
    kinship.catchUp();
    library.onChange(kinship::catchUp);
    Asks asks = new Asks(neighbours.map(n -> n.relay(database, clock)).orElse(Relay.NONE));
    inventory.hosts().attachElsewhere(host -> elsewhere(host, members, asks));
    // Closed after all that still writes: who has left the others may not.
    neighbours.ifPresent(n ->
        opened(
            parts,
            n.follow(
                database,
                new Together.Memory(operations, members, inventory.others(), asks, tokens),
                clock)));
    Imports imports = opened(parts, new Imports(database, operations, library, kinship, clock));
    opened(parts, inventory.withdrawalNews());
    opened(parts, sweeping(inventory));
    Api api =
        opened(
            parts,
            Api.serve(
                config.listen(),
                certificates.context(),
                tokens,
                new Api.Parts(
                    database,
                    operations,
                    events,
                    inventory,
                    new Images(database),
                    imports,
                    new Api.Agents(members, asks, clock),
                    meters,
                    config.version(),
                    config.requestsPerSecond())));
    URI address = address(config.listen(), api.port());
    URI reached = config.advertised().orElse(address);
    neighbours.ifPresent(n -> n.seat().reachableAt(reached.toString()));
    parts.push(operations::stopWaiting);
    parts.push(asks);
    parts.push(inventory.revisions()::close);
    PrivateFile.write(client.resolve("ca.pem"), certificates.authorityPem());
    PrivateFile.write(client.resolve("server.url"), address + "\n");
    LOG.atInfo().addKeyValue("address", address).log("serving {}", address);
    return new Server(certificates, inventory, address, parts);
  }

  /** The fleet's incarnation, once it is sure that this server belongs to that fleet. */
  private static String incarnation(Database database, Certificates certificates) {
    String own = HexFormat.of().formatHex(certificates.authoritySha256());
    return database.writeFreely(tx -> {
      String incarnation = tx.fleet().incarnation(UUID.randomUUID().toString());
      if (!tx.fleet().authority(own).equals(own)) {
        throw Problem.of(ErrorCode.WRONG_STATE, "starting a server of this fleet")
            .detail("Its authority, server/ca.pem in the data folder, is not that of the fleet.")
            .next(
                "Copy server/ca.pem and server/ca.key of another server there before this one is"
                    + " started for the first time.")
            .asException();
      }
      return incarnation;
    });
  }

  /** A server's own machine fetches no asks: its agent is one process with that server. */
  private static AgentLink elsewhere(HostId host, Members members, Asks asks) {
    if (members.find(host).flatMap(Member::keySha256).isEmpty()) {
      throw Problem.of(ErrorCode.SERVER_UNREACHABLE, "asking the host " + host)
          .detail("It is the machine of another server, which alone can ask it.")
          .next("Ask that server.")
          .asException();
    }
    return asks.elsewhere(host);
  }

  private static Supplier<String> begun(Database database, InstantSource clock) {
    String run = UUID.randomUUID().toString();
    Instant now = clock.instant();
    database.change(tx -> tx.fleet().began(run, true, now));
    return () -> run;
  }

  /** What an agent in the same process reports to. */
  public ServerLink link() {
    return inventory.reports();
  }

  /** Makes the agent of a host known, for what is asked of it directly. */
  public void attach(HostId host, AgentLink agent) {
    inventory.hosts().attach(host, agent);
  }

  /** How this machine, as a host, is known to the others of the fleet. */
  public Supplier<SSLContext> hostTls(HostId host) {
    return certificates.ofHost(host);
  }

  /** The key of the fleet's authority, which signs grants. */
  public PublicKey authorityKey() {
    return certificates.authorityKey();
  }

  /** Where the API is served. */
  public URI address() {
    return address;
  }

  /** Ends requests under way after a few seconds at most, then everything else. */
  @Override
  public void close() {
    closeAll(parts);
  }

  /** What the server knows, for simulations and tests with a clock of their own. */
  Inventory inventory() {
    return inventory;
  }

  /** As the schedule does, for tests with a clock of their own. */
  void sweep() {
    inventory.trash().sweep();
    inventory.cleanUps().sweep();
    inventory.lowSpace().sweep();
  }

  private static ScheduledExecutorService sweeping(Inventory inventory) {
    ScheduledExecutorService schedule =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("sweep").daemon().factory());
    long seconds = SWEEP_EVERY.toSeconds();
    var _ =
        schedule.scheduleWithFixedDelay(
            () -> {
              try {
                inventory.trash().sweep();
              } catch (RuntimeException tryAgainLater) {
                LOG.atError().setCause(tryAgainLater).log("sweeping the trash failed");
              }
              try {
                inventory.cleanUps().sweep();
                inventory.lowSpace().sweep();
              } catch (RuntimeException tryAgainLater) {
                LOG.atError().setCause(tryAgainLater).log("cleaning up caches failed");
              }
            },
            seconds,
            seconds,
            TimeUnit.SECONDS);
    return schedule;
  }

  private static <T extends AutoCloseable> T opened(Deque<AutoCloseable> parts, T part) {
    parts.push(part);
    return part;
  }

  private static void closeAll(Deque<AutoCloseable> parts) {
    while (!parts.isEmpty()) {
      try {
        parts.pop().close();
      } catch (Exception failed) {
        LOG.atWarn().setCause(failed).log("a part of the server did not close cleanly");
      }
    }
  }

  private static URI address(InetSocketAddress listen, int port) throws IOException {
    InetAddress host =
        listen.getAddress().isAnyLocalAddress()
            ? InetAddress.ofLiteral("127.0.0.1")
            : listen.getAddress();
    String text = host.getHostAddress();
    return URI.create("https://" + (text.contains(":") ? "[" + text + "]" : text) + ":" + port);
  }
}
