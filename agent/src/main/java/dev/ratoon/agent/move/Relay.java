package dev.ratoon.agent.move;

import dev.ratoon.agent.hypervisor.LiveMigration.Sockets;
import dev.ratoon.agent.move.MoveWords.Purpose;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.channel.MoveLink;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens where the source's QEMU connects, and carries each connection to the destination. Closing
 * it ends them all, so that QEMU gives up at once and its guest goes on.
 */
final class Relay implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Relay.class);

  /** Memory, and one for each disk. */
  private static final int MOST_TUNNELS = 32;

  private final Function<Purpose, MoveLink> opening;
  private final List<ServerSocketChannel> listening = new ArrayList<>();
  private final Set<Tunnel> tunnels = ConcurrentHashMap.newKeySet();
  private final AtomicLong past = new AtomicLong();
  private volatile boolean closed;

  private Relay(Function<Purpose, MoveLink> opening) {
    this.opening = opening;
  }

  /**
   * Begins to listen.
   *
   * @param owned makes a socket QEMU's
   * @param opening connects to the other host for a purpose
   */
  static Relay open(Sockets at, Consumer<Path> owned, Function<Purpose, MoveLink> opening) {
    Relay relay = new Relay(opening);
    try {
      relay.listen(at.memory(), owned, Purpose.MEMORY);
      relay.listen(at.disks(), owned, Purpose.DISKS);
      return relay;
    } catch (RuntimeException failed) {
      relay.close();
      throw failed;
    }
  }

  private void listen(Path at, Consumer<Path> owned, Purpose purpose) {
    try {
      ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      listening.add(socket);
      socket.bind(UnixDomainSocketAddress.of(at));
      owned.accept(at);
      Thread.ofPlatform().daemon().name("relay").start(() -> accept(socket, purpose));
    } catch (IOException failed) {
      throw Faults.unwritable(at, failed);
    }
  }

  private void accept(ServerSocketChannel at, Purpose purpose) {
    while (!closed) {
      try {
        SocketChannel socket = at.accept();
        if (closed || tunnels.size() >= MOST_TUNNELS) {
          socket.close();
        } else {
          Thread.ofPlatform().daemon().name("tunnel-in").start(() -> carry(socket, purpose));
        }
      } catch (IOException over) {
        return;
      }
    }
  }

  private void carry(SocketChannel socket, Purpose purpose) {
    try (socket;
        MoveLink link = opening.apply(purpose);
        Tunnel tunnel = new Tunnel(socket, link)) {
      tunnels.add(tunnel);
      if (!closed) {
        tunnel.run();
      }
      past.addAndGet(link.wireBytes());
      tunnels.remove(tunnel);
    } catch (IOException | RatoonException failed) {
      LOG.info(
          "What QEMU sends ({}) does not reach the other host: {}", purpose, failed.getMessage());
    }
  }

  /** On the wire so far, of those that have ended. */
  long wireBytes() {
    return past.get();
  }

  @Override
  public void close() {
    closed = true;
    tunnels.forEach(Tunnel::close);
    for (ServerSocketChannel socket : listening) {
      try {
        socket.close();
      } catch (IOException gone) {
        // It was closed either way.
      }
    }
  }
}
