package dev.ratoon.protocol.client;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * Connections on which nothing is asked just now, the one used last on top. A few are kept: an
 * agent reports while it waits for news from its server, and to greet anew each time costs both
 * more than what is said.
 */
final class IdleConnections {
  private static final int MOST = 3;

  /** Shorter than the server keeps a connection on which nothing comes. */
  private static final Duration MAX_IDLE = Duration.ofSeconds(40);

  private final Deque<HttpConnection> kept = new ArrayDeque<>();
  private boolean closed;

  /** One that the server still keeps, if there is one. */
  Optional<HttpConnection> take() {
    List<HttpConnection> old = new ArrayList<>();
    Optional<HttpConnection> found = Optional.empty();
    synchronized (this) {
      while (found.isEmpty() && !kept.isEmpty()) {
        HttpConnection next = kept.pop();
        if (next.idle().compareTo(MAX_IDLE) < 0) {
          found = Optional.of(next);
        } else {
          old.add(next);
        }
      }
    }
    old.forEach(HttpConnection::close);
    return found;
  }

  /** Keeps it; of too many the one that was used longest ago goes. */
  void add(HttpConnection connection) {
    Optional<HttpConnection> surplus;
    synchronized (this) {
      kept.push(connection);
      surplus = closed || kept.size() > MOST ? Optional.of(kept.removeLast()) : Optional.empty();
    }
    surplus.ifPresent(HttpConnection::close);
  }

  /** None of them is used any more: the server may be another by now. */
  void drop() {
    List<HttpConnection> all;
    synchronized (this) {
      all = List.copyOf(kept);
      kept.clear();
    }
    all.forEach(HttpConnection::close);
  }

  /** From now on none is kept. */
  void close() {
    synchronized (this) {
      closed = true;
    }
    drop();
  }
}
