package dev.ratoon.agent.bases;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.agent.Whereabouts.Place;
import dev.ratoon.protocol.channel.AskerSettings;
import dev.ratoon.protocol.channel.ChunkClient;
import dev.ratoon.protocol.channel.PeerConnection;
import dev.ratoon.protocol.channel.Traffic;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/** Connections to other hosts, one to each, and what lets us have something of them. */
final class Peers implements AutoCloseable {
  private final FleetIdentity identity;
  private final ChunkClient client;
  private final Map<HostId, byte[]> grants = new ConcurrentHashMap<>();
  private final Map<HostId, Peer> peers = new ConcurrentHashMap<>();

  Peers(FleetIdentity identity, AskerSettings settings) {
    this.identity = identity;
    this.client = new ChunkClient(identity.tls(), settings);
  }

  /** What came from each host, and went to it by asking. */
  Map<HostId, Traffic> traffic() {
    return client.trafficByHost();
  }

  Traffic trafficOfAll() {
    return client.traffic();
  }

  /** A host and the connection to it, which is made by one thread at a time. */
  private static final class Peer {
    private final ReentrantLock lock = new ReentrantLock();
    private Optional<PeerConnection> connection = Optional.empty();
  }

  /** The newest grant for what is asked of this host. */
  void grant(HostId host, byte[] grant) {
    grants.put(host, grant);
  }

  byte[] grant(HostId host) {
    return grants.getOrDefault(host, new byte[0]);
  }

  /** The connection to this host; made if there is none. */
  PeerConnection connection(Place place) {
    Peer peer = peers.computeIfAbsent(place.host(), host -> new Peer());
    peer.lock.lock();
    try {
      Optional<PeerConnection> open = peer.connection.filter(PeerConnection::isOpen);
      PeerConnection connection =
          open.isPresent()
              ? open.get()
              : client.open(address(place.host(), place.address()), place.host());
      peer.connection = Optional.of(connection);
      return connection;
    } finally {
      peer.lock.unlock();
    }
  }

  /** Where a host listens that says so in these words; see HostReport. */
  InetSocketAddress address(HostId of, String words) {
    int colon = words.lastIndexOf(':');
    String port = words.substring(colon + 1);
    if (colon < 0 || !port.matches("[0-9]{1,5}") || Integer.parseInt(port) > 0xffff) {
      throw Problem.of(ErrorCode.PEER_UNREACHABLE, "connecting to host " + of)
          .detail("Its address is '" + words + "'.")
          .asException();
    }
    String host = words.substring(0, colon);
    return new InetSocketAddress(
        host.isEmpty() ? identity.serverAddress() : host, Integer.parseInt(port));
  }

  @Override
  public void close() {
    client.close();
  }
}
