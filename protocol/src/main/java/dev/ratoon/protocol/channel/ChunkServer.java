package dev.ratoon.protocol.channel;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;

/** Gives base disks to the other hosts of the fleet. */
public final class ChunkServer implements AutoCloseable {
  /** Connections beyond the limit that may be told so; those after them are cut. */
  private static final int TURNED_AWAY = 16;

  private static final long CLOSING_SECONDS = 2;

  private final ServerSocketChannel listening;
  private final Supplier<SSLContext> tls;
  private final Doorman doorman;
  private final ServingSettings settings;
  private final Consumer<Problem> reports;
  private final Watchdog watchdog;
  private final Set<ServedConnection> connections = ConcurrentHashMap.newKeySet();
  private final TrafficBook past = new TrafficBook();
  private final JustGiven justGiven;
  private volatile boolean closed;
  private volatile Optional<MoveDoor> moves = Optional.empty();

  private ChunkServer(
      ServerSocketChannel listening,
      Supplier<SSLContext> tls,
      Doorman doorman,
      ServingSettings settings,
      Consumer<Problem> reports,
      JustGiven justGiven) {
    this.listening = listening;
    this.justGiven = justGiven;
    this.tls = tls;
    this.doorman = doorman;
    this.settings = settings;
    this.reports = reports;
    this.watchdog = new Watchdog(settings.timeouts());
  }

  /**
   * Listens and serves until it is closed.
   *
   * @param tls this host's key and certificate, and trust in the fleet's authority; asked for each
   *     connection, so that a renewed certificate is used
   * @param reports hears why connections ended that did not end in order
   * @throws dev.ratoon.model.RatoonException {@code WRONG_STATE} if the address is taken
   */
  public static ChunkServer listen(
      InetSocketAddress address,
      Supplier<SSLContext> tls,
      Doorman doorman,
      ServingSettings settings,
      Consumer<Problem> reports) {
    return listen(address, tls, doorman, settings, reports, new JustGiven(System::nanoTime));
  }

  /** The same, with another clock for what was just given. */
  static ChunkServer listen(
      InetSocketAddress address,
      Supplier<SSLContext> tls,
      Doorman doorman,
      ServingSettings settings,
      Consumer<Problem> reports,
      JustGiven justGiven) {
    ServerSocketChannel listening;
    try {
      listening = ServerSocketChannel.open();
      listening.bind(address);
    } catch (IOException taken) {
      throw Problem.of(ErrorCode.WRONG_STATE, "listening for other hosts at " + address)
          .detail(String.valueOf(taken.getMessage()))
          .next("End what uses the port, or choose another.")
          .asException(taken);
    }
    ChunkServer server = new ChunkServer(listening, tls, doorman, settings, reports, justGiven);
    Thread.ofPlatform().daemon().name("channel-accept").start(server::accept);
    return server;
  }

  /** From now on migrations come in here, too. */
  public void admitMoves(MoveDoor door) {
    moves = Optional.of(door);
  }

  Optional<MoveDoor> moves() {
    return moves;
  }

  /** This connection is no chunk channel: it looks after its own times. */
  void unwatch(Wire wire) {
    watchdog.remove(wire);
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return new InetSocketAddress(
        listening.socket().getInetAddress(), listening.socket().getLocalPort());
  }

  /** Connections that have not ended. */
  public int connectionCount() {
    return connections.size();
  }

  /** Of all connections so far. */
  public synchronized Traffic traffic() {
    Traffic sum = past.ofAll();
    for (ServedConnection connection : connections) {
      sum = sum.plus(connection.traffic());
    }
    return sum;
  }

  /** The same for each host that was served. */
  public synchronized Map<HostId, Traffic> trafficByHost() {
    Map<HostId, Traffic> all = past.byHost();
    for (ServedConnection connection : connections) {
      connection.host().ifPresent(host -> all.merge(host, connection.traffic(), Traffic::plus));
    }
    return all;
  }

  /** Tells those who are connected, and waits a little for them to leave. */
  @Override
  public void close() {
    closed = true;
    try {
      listening.close();
    } catch (IOException gone) {
      // It was closed either way.
    }
    connections.forEach(ServedConnection::stop);
    watchdog.close();
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(CLOSING_SECONDS);
    synchronized (this) {
      while (!connections.isEmpty() && System.nanoTime() < until) {
        try {
          wait(TimeUnit.SECONDS.toMillis(CLOSING_SECONDS));
        } catch (InterruptedException hurry) {
          Thread.currentThread().interrupt();
          return;
        }
      }
    }
  }

  ServingSettings settings() {
    return settings;
  }

  /** What all connections have just given. */
  JustGiven justGiven() {
    return justGiven;
  }

  Doorman doorman() {
    return doorman;
  }

  /** Whether there is room for this one, which is counted already. */
  boolean hasRoomFor(Peer peer) {
    long sameHost = connections.stream().filter(c -> c.isWith(peer.host())).count();
    return !closed
        && connections.size() <= settings.connections()
        && sameHost <= settings.connectionsOfHost();
  }

  private void accept() {
    while (!closed) {
      try {
        SocketChannel channel = listening.accept();
        if (connections.size() >= settings.connections() + TURNED_AWAY) {
          channel.close();
          continue;
        }
        begin(channel);
      } catch (IOException failed) {
        if (!closed) {
          reports.accept(
              Problem.of(ErrorCode.INTERNAL, "accepting a connection of another host")
                  .detail(String.valueOf(failed.getMessage())));
          pause();
        }
      }
    }
  }

  private void begin(SocketChannel channel) throws IOException {
    String name = "the host at " + channel.getRemoteAddress();
    TlsLink link = TlsLink.over(channel, tls.get(), false, List.of(MoveLink.PROTOCOL));
    Outbox outbox = new Outbox(ServedConnection.NEWS_INTERVAL_NANOS);
    Wire wire = new Wire(link, outbox, name, settings.timeouts());
    ServedConnection connection = new ServedConnection(this, wire);
    connections.add(connection);
    watchdog.add(wire);
    Thread.ofPlatform().daemon().name("channel-read " + name).start(() -> run(connection, wire));
  }

  private void run(ServedConnection connection, Wire wire) {
    try {
      connection.run();
    } finally {
      watchdog.remove(wire);
      synchronized (this) {
        connection
            .host()
            .ifPresentOrElse(
                host -> past.ended(host, connection.traffic()),
                () -> past.ended(connection.traffic()));
        connections.remove(connection);
        notifyAll();
      }
      connection.misfortune().ifPresent(reports);
    }
  }

  /** Accepting fails for want of descriptors, say: not at once again. */
  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(100);
    } catch (InterruptedException hurry) {
      Thread.currentThread().interrupt();
    }
  }
}
