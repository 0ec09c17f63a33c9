package dev.ratoon.agent.libvirt;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.libvirt.LibvirtException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps in touch with libvirt's daemon. A thread of its own opens a connection for events, learns
 * of its loss from libvirt's close callback, from keepalives that stay unanswered or from a call
 * that failed, and opens the next; with it go the {@linkplain CallConnections connections for
 * calls}. Nobody waits for it: without the daemon calls fail at once.
 */
final class ConnectionKeeper implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ConnectionKeeper.class);
  private static final int KEEPALIVE_SECONDS = 5;
  private static final int KEEPALIVES_LOST = 3;
  private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(3);

  private final String uri;
  private final Watcher watcher;
  private final CountDownLatch tried = new CountDownLatch(1);
  private final Semaphore lost = new Semaphore(0);
  private final Thread thread;
  private final AtomicReference<@Nullable CallConnections> current = new AtomicReference<>();
  private volatile String whyNot = "The first connection is not open yet.";

  /** Hears of connections, on the keeper's thread. */
  interface Watcher {
    /** The daemon can be reached, and nobody makes calls yet. */
    void opened(Connection events, CallConnections calls);

    /** Calls are possible from now on. */
    void ready();

    void lost();
  }

  /** Something done over a connection. */
  @FunctionalInterface
  interface Use<T> {
    T over(Connection connection) throws LibvirtException;
  }

  ConnectionKeeper(String uri, Watcher watcher) {
    this.uri = uri;
    this.watcher = watcher;
    thread = Thread.ofPlatform().daemon().name("libvirt-connection").unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /** Waits until the first attempt to connect has succeeded or failed. */
  void awaitFirstAttempt(Duration patience) {
    try {
      boolean ignored = tried.await(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * What {@code use} returns.
   *
   * @throws dev.ratoon.model.RatoonException {@code HYPERVISOR_UNAVAILABLE} if there is no
   *     connection, or it fails; {@code HYPERVISOR_REFUSED} for any other failure
   */
  <T> T use(String doing, Use<T> use) {
    CallConnections calls = current.get();
    if (calls == null) {
      throw LibvirtErrors.unavailable(doing, whyNot);
    }
    try {
      return calls.use(use);
    } catch (LibvirtException failed) {
      throw LibvirtErrors.isConnectionLost(failed)
          ? LibvirtErrors.unavailable(doing, failed)
          : LibvirtErrors.refused(doing, failed);
    }
  }

  /** Events come no more: no call begins any more on the connections that were opened with that. */
  private void lose(CallConnections calls, String why) {
    if (current.compareAndSet(calls, null)) {
      whyNot = "The connection to libvirt is lost: " + why;
      lost.release();
    }
  }

  private void run() {
    Duration pause = FIRST_PAUSE;
    while (!Thread.currentThread().isInterrupted()) {
      try {
        keepOne();
        pause = FIRST_PAUSE;
      } catch (InterruptedException stop) {
        return;
      } catch (LibvirtException | RuntimeException failed) {
        whyNot = String.valueOf(failed.getMessage());
        log.debug("libvirt cannot be reached: {}", whyNot);
      } catch (LinkageError missing) {
        whyNot = "libvirt's library is not installed.";
        tried.countDown();
        log.error("{}", whyNot, missing);
        return;
      }
      tried.countDown();
      try {
        Thread.sleep(pause);
      } catch (InterruptedException stop) {
        return;
      }
      pause = pause.multipliedBy(2);
      pause = pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
    }
  }

  /** Opens a connection and returns when it is lost. */
  private void keepOne() throws LibvirtException, InterruptedException {
    EventLoop.ensureRunning();
    Connection events = new Connection(uri);
    CallConnections calls = new CallConnections(uri);
    try {
      events.registerCloseListener((ignored, reason) -> lose(calls, String.valueOf(reason)));
      watcher.opened(events, calls);
      boolean _ = events.setKeepAlive(KEEPALIVE_SECONDS, KEEPALIVES_LOST);
      lost.drainPermits();
      current.set(calls);
      if (!events.isOpen()) {
        lose(calls, "it was closed at once");
      }
      log.info("connected to libvirt at {}", uri);
      watcher.ready();
      tried.countDown();
      lost.acquire();
      log.warn("{}", whyNot);
      watcher.lost();
    } finally {
      current.set(null);
      calls.retire();
      // To close is a call, too, and a daemon that hangs does not answer it.
      Thread.ofPlatform().daemon().name("libvirt-closing").start(events::endEvents);
    }
  }

  @Override
  public void close() {
    thread.interrupt();
    try {
      thread.join(Duration.ofSeconds(5));
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    }
  }
}
