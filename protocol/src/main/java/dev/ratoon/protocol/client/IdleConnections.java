package dev.ratoon.protocol.client;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * Connections on which nothing is asked just now, the one given back last on top. A few are kept:
 * an agent reports while it waits for news from its server, and to greet anew after each wait costs
 * both more than what is said.
 */
final class IdleConnections {
  private static final int MOST = 3;

  /** Shorter than the server keeps a connection on which nothing comes. */
  private static final Duration MAX_IDLE = Duration.ofSeconds(40);

  private final Deque<HttpConnection> kept = new ArrayDeque<>();
  private boolean closed;

  /** One that the server still keeps, if there is one. */
  Optional<HttpConnection> take() {
    List<HttpConnection> old;
    Optional<HttpConnection> found;
    synchronized (this) {
      old = removeOld();
      found = Optional.ofNullable(kept.poll());
    }
    old.forEach(HttpConnection::close);
    return found;
  }

  /** Keeps it; of too many the one that was given back longest ago goes. */
  void add(HttpConnection connection) {
    List<HttpConnection> surplus;
    synchronized (this) {
      surplus = removeOld();
      kept.push(connection);
      if (closed || kept.size() > MOST) {
        surplus.add(kept.removeLast());
      }
    }
    surplus.forEach(HttpConnection::close);
  }

  /** Those that the server may have closed; they lie anywhere, as an answer may take long. */
  private List<HttpConnection> removeOld() {
    List<HttpConnection> old = new ArrayList<>();
    for (HttpConnection connection : kept) {
      if (connection.idle().compareTo(MAX_IDLE) >= 0) {
        old.add(connection);
      }
    }
    kept.removeAll(old);
    return old;
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
