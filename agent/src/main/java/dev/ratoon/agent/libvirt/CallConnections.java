package dev.ratoon.agent.libvirt;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.libvirt.LibvirtException;

/**
 * Connections for calls, as many as calls are under way at once. Threads never share one: the C
 * library (9.0 for one) then loses wake-ups, so that a call waits for the answer to another's, and
 * later writes to the stack of a thread that has gone on (CVE-2024-4418). Keepalives have the same
 * effect on a call that lasts, so these connections send none. See decision 21.
 *
 * <p>All of them end together, when the daemon that they lead to has been lost.
 */
final class CallConnections {
  private final String uri;
  private final Deque<Connection> idle = new ArrayDeque<>();
  private boolean retired;

  CallConnections(String uri) {
    this.uri = uri;
  }

  <T> T use(ConnectionKeeper.Use<T> use) throws LibvirtException {
    Connection connection = take();
    try {
      return use.over(connection);
    } finally {
      giveBack(connection);
    }
  }

  /** One that is open; if none is left, a new one. */
  private Connection take() throws LibvirtException {
    for (Connection known = poll(); known != null; known = poll()) {
      if (known.isOpen()) {
        return known;
      }
      known.end();
    }
    return new Connection(uri);
  }

  private synchronized @Nullable Connection poll() {
    return idle.pollFirst();
  }

  private void giveBack(Connection connection) {
    synchronized (this) {
      if (!retired) {
        idle.addFirst(connection);
        return;
      }
    }
    connection.end();
  }

  /** Those under way are closed as soon as their calls end. */
  void retire() {
    List<Connection> left;
    synchronized (this) {
      retired = true;
      left = List.copyOf(idle);
      idle.clear();
    }
    if (!left.isEmpty()) {
      // To close is a call, too, and a daemon that hangs does not answer it.
      Thread.ofPlatform()
          .daemon()
          .name("libvirt-closing")
          .start(() -> left.forEach(Connection::end));
    }
  }
}
