package dev.ratoon.protocol.channel;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;

/** Connects to hosts that have base disks. */
public final class ChunkClient implements AutoCloseable {
  private final Supplier<SSLContext> tls;
  private final AskerSettings settings;
  private final Watchdog watchdog;
  private final Set<PeerConnection> connections = ConcurrentHashMap.newKeySet();
  private final TrafficBook past = new TrafficBook();

  /**
   * @param tls this host's key and certificate, and trust in the fleet's authority; asked for each
   *     connection
   */
  public ChunkClient(Supplier<SSLContext> tls, AskerSettings settings) {
    this.tls = tls;
    this.settings = settings;
    this.watchdog = new Watchdog(settings.timeouts());
  }

  /**
   * Connects and waits until the other host has greeted.
   *
   * @param host who has to be there
   * @throws RatoonException {@code PEER_UNREACHABLE} if nobody answers, {@code PEER_UNTRUSTED} if
   *     it is another host or not of this fleet, or does not trust this one; {@code BUSY} if the
   *     host has too many connections
   */
  public PeerConnection open(InetSocketAddress address, HostId host) {
    String name = "host " + host + " at " + address.getHostString() + ":" + address.getPort();
    SocketChannel channel = connect(address, name);
    try {
      return greet(TlsLink.over(channel, tls.get(), true), name, host);
    } catch (IOException broken) {
      throw unreachable(name, broken);
    }
  }

  /** Of all connections so far. */
  public synchronized Traffic traffic() {
    Traffic sum = past.ofAll();
    for (PeerConnection connection : connections) {
      sum = sum.plus(connection.traffic());
    }
    return sum;
  }

  /** The same for each host that was asked. */
  public synchronized Map<HostId, Traffic> trafficByHost() {
    Map<HostId, Traffic> all = past.byHost();
    for (PeerConnection connection : connections) {
      all.merge(connection.peer().host(), connection.traffic(), Traffic::plus);
    }
    return all;
  }

  /** Ends all connections in order, without waiting. */
  @Override
  public void close() {
    connections.forEach(PeerConnection::close);
    watchdog.close();
  }

  private PeerConnection greet(TlsLink link, String name, HostId host) {
    Outbox outbox = new Outbox(0);
    Window window = new Window(settings.window(), outbox::news);
    Wire wire = new Wire(link, outbox, name, settings.timeouts());
    watchdog.add(wire);
    try {
      Peer peer = shakeHands(wire, host);
      Asking asking = new Asking(wire, window, settings);
      PeerConnection connection =
          new PeerConnection(peer, wire, asking, settings.timeouts().connect());
      connections.add(connection);
      outbox.small(new Frame.Hello(settings.window()));
      ChannelThread.start("channel-read " + name, () -> run(connection, wire, window, asking));
      asking.awaitGreeting();
      return connection;
    } catch (RatoonException failed) {
      watchdog.remove(wire);
      link.close();
      throw failed;
    }
  }

  private void run(PeerConnection connection, Wire wire, Window window, Asking asking) {
    try {
      wire.run(window, asking);
    } finally {
      watchdog.remove(wire);
      synchronized (this) {
        past.ended(connection.peer().host(), connection.traffic());
        connections.remove(connection);
      }
    }
  }

  private static Peer shakeHands(Wire wire, HostId host) {
    Peer peer;
    try {
      wire.link().shakeHands();
      peer = Peer.of(wire.link().certificate());
    } catch (SSLException refused) {
      throw wire.untrusted(refused).asException(refused);
    } catch (IOException broken) {
      throw wire.end()
          .orElseGet(() -> unreachable(wire.name(), broken).problem())
          .asException(broken);
    }
    if (!peer.host().equals(host)) {
      throw Problem.of(ErrorCode.PEER_UNTRUSTED, "connecting to " + wire.name())
          .detail("Host " + peer.host() + " answers there.")
          .next("Compare the addresses with 'ratoon host show'.")
          .asException();
    }
    return peer;
  }

  private SocketChannel connect(InetSocketAddress address, String name) {
    SocketChannel channel = null;
    try {
      channel = SocketChannel.open();
      int timeout = Math.toIntExact(settings.timeouts().connect().toMillis());
      channel.socket().connect(address, timeout);
      return channel;
    } catch (IOException failed) {
      if (channel != null) {
        try {
          channel.close();
        } catch (IOException gone) {
          failed.addSuppressed(gone);
        }
      }
      throw unreachable(name, failed);
    }
  }

  private static RatoonException unreachable(String name, IOException why) {
    return Problem.of(ErrorCode.PEER_UNREACHABLE, "connecting to " + name)
        .detail(String.valueOf(why.getMessage()))
        .next("See that the host is up and its port can be reached.")
        .asException(why);
  }
}
