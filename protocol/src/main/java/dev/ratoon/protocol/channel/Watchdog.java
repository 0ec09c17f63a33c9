package dev.ratoon.protocol.channel;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Looks after the times of all connections of a client or server, with one thread. */
final class Watchdog implements AutoCloseable {
  private static final long MOST_MILLIS = 100;

  private final Set<Wire> wires = ConcurrentHashMap.newKeySet();
  private final long everyMillis;
  private volatile boolean closed;

  Watchdog(Timeouts timeouts) {
    everyMillis = Math.clamp(timeouts.ping().toMillis() / 8, 1, MOST_MILLIS);
    Thread.ofPlatform().daemon().name("channel-watch").start(this::run);
  }

  void add(Wire wire) {
    wires.add(wire);
  }

  void remove(Wire wire) {
    wires.remove(wire);
  }

  /** Goes on for as long as a connection has not ended. */
  @Override
  public void close() {
    closed = true;
  }

  private void run() {
    try {
      while (!closed || !wires.isEmpty()) {
        Thread.sleep(everyMillis);
        long now = System.nanoTime();
        wires.forEach(wire -> wire.watch(now));
      }
    } catch (InterruptedException nobodyDoesThat) {
      Thread.currentThread().interrupt();
    }
  }
}
