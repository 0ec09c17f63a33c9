package dev.ratoon.simulation;

import dev.ratoon.model.TimeSource;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/** The machine's own time: what is to be done later is done then. */
final class LiveTime implements Scheduler, AutoCloseable {
  private final TimeSource time = TimeSource.of(InstantSource.system());
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("live-time").daemon().factory());
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<Integer, ReentrantLock> actors = new ConcurrentHashMap<>();
  private volatile boolean closed;

  @Override
  public TimeSource time() {
    return time;
  }

  @Override
  public void after(Duration delay, int actor, Runnable action) {
    if (closed) {
      return;
    }
    var _ =
        clock.schedule(
            () -> {
              if (!closed) {
                var _ = threads.submit(() -> as(actor, action));
              }
            },
            Math.max(0, delay.toNanos()),
            TimeUnit.NANOSECONDS);
  }

  /** Does something at once, when the actor does nothing else. */
  void as(int actor, Runnable action) {
    ReentrantLock own = actors.computeIfAbsent(actor, _ -> new ReentrantLock(true));
    own.lock();
    try {
      if (!closed) {
        action.run();
      }
    } finally {
      own.unlock();
    }
  }

  /** Runs something of its own for as long as it takes. */
  void begin(Runnable work) {
    var _ = threads.submit(work);
  }

  @Override
  public void close() {
    closed = true;
    clock.shutdownNow();
    threads.shutdownNow();
  }
}
