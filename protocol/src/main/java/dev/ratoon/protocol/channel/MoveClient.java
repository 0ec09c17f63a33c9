package dev.ratoon.protocol.channel;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;

/** Connects to hosts that take part in a migration. */
public final class MoveClient implements AutoCloseable {
  private static final int CONNECT_MILLIS = 5_000;

  private final Supplier<SSLContext> tls;
  private final Rates rates;
  private final ScheduledExecutorService hurrying =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("move-connect").factory());

  /**
   * @param tls this host's key and certificate, and trust in the fleet's authority; asked for each
   *     connection
   * @param rates for what is sent
   */
  public MoveClient(Supplier<SSLContext> tls, Rates rates) {
    this.tls = tls;
    this.rates = rates;
  }

  /**
   * Connects.
   *
   * @param host who has to be there
   * @throws RatoonException {@code PEER_UNREACHABLE} if nobody answers, or one that knows nothing
   *     of migrations; {@code PEER_UNTRUSTED} if it is another host or not of this fleet, or does
   *     not trust this one
   */
  public MoveLink open(InetSocketAddress address, HostId host) {
    String name = "host " + host + " at " + address.getHostString() + ":" + address.getPort();
    try {
      SocketChannel channel = SocketChannel.open();
      try {
        channel.socket().connect(address, CONNECT_MILLIS);
        return greeted(
            TlsLink.over(channel, tls.get(), true, List.of(MoveLink.PROTOCOL)), name, host);
      } catch (IOException | RuntimeException failed) {
        channel.close();
        throw failed;
      }
    } catch (SSLException refused) {
      throw Problem.of(ErrorCode.PEER_UNTRUSTED, "talking to " + name)
          .detail("TLS says: " + refused.getMessage() + ".")
          .next("See that both hosts belong to the same fleet and their clocks are right.")
          .asException(refused);
    } catch (IOException failed) {
      throw unreachable(name, String.valueOf(failed.getMessage())).asException(failed);
    }
  }

  private MoveLink greeted(TlsLink link, String name, HostId host) throws IOException {
    var late = hurrying.schedule(link::close, CONNECT_MILLIS, TimeUnit.MILLISECONDS);
    try {
      link.shakeHands();
    } finally {
      boolean _ = late.cancel(false);
    }
    Peer peer = Peer.of(link.certificate());
    if (!peer.host().equals(host)) {
      throw Problem.of(ErrorCode.PEER_UNTRUSTED, "connecting to " + name)
          .detail("Host " + peer.host() + " answers there.")
          .next("Compare the addresses with 'ratoon host show'.")
          .asException();
    }
    if (!link.protocol().equals(MoveLink.PROTOCOL)) {
      throw unreachable(name, "It knows nothing of migrations: its version of Ratoon is older.")
          .asException();
    }
    return MoveLink.over(link, peer, name, rates);
  }

  private static Problem unreachable(String name, String why) {
    return Problem.of(ErrorCode.PEER_UNREACHABLE, "connecting to " + name)
        .detail(why)
        .next("See that the host is up and its port can be reached.");
  }

  @Override
  public void close() {
    hurrying.shutdownNow();
  }
}
