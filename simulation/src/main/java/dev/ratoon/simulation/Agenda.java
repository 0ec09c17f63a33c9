package dev.ratoon.simulation;

import dev.ratoon.model.TimeSource;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Simulated time. What is to happen lies in a queue; time is what the next of it says, and passes
 * only when all that was to happen before has been done, however long the server takes for it.
 *
 * <p>What falls into the same slice of time is done by several threads at once, each actor's in its
 * order, since that is how it comes to a server. So the server's answers may differ from one run to
 * the next, but nothing else does: an actor draws its chances from a stream of its own.
 */
final class Agenda implements Scheduler, AutoCloseable {
  static final Duration SLICE = Duration.ofMillis(10);
  private static final int THREADS = 12;
  private static final Instant BEGINNING = Instant.parse("2026-01-01T00:00:00Z");

  private final PriorityQueue<Event> events =
      new PriorityQueue<>(
          Comparator.comparingLong(Event::atNanos).thenComparingLong(Event::sequence));
  private final ExecutorService threads = Executors.newFixedThreadPool(THREADS);
  private final TimeSource time;
  private long sequence;
  private volatile long nowNanos;
  private long done;

  private record Event(long atNanos, long sequence, int actor, Runnable action) {}

  Agenda() {
    time =
        new TimeSource() {
          @Override
          public Instant instant() {
            return BEGINNING.plusNanos(nowNanos);
          }

          @Override
          public long nanoTime() {
            return nowNanos;
          }
        };
  }

  @Override
  public TimeSource time() {
    return time;
  }

  /** How long the simulation has run, in its own time. */
  Duration elapsed() {
    return Duration.ofNanos(nowNanos);
  }

  /** How many events have happened. */
  long events() {
    return done;
  }

  @Override
  public void after(Duration delay, int actor, Runnable action) {
    long at = nowNanos + Math.max(0, delay.toNanos());
    synchronized (events) {
      events.add(new Event(at, sequence++, actor, action));
    }
  }

  /** Lets the next slice of time pass in which something happens, if that begins before then. */
  boolean step(Duration until) {
    Map<Integer, List<Event>> next = take(until.toNanos());
    if (next.isEmpty()) {
      nowNanos = Math.max(nowNanos, until.toNanos());
      return false;
    }
    if (next.size() == 1) {
      next.values().iterator().next().forEach(event -> event.action().run());
    } else {
      all(next.values().stream().map(this::begun).toList());
    }
    next.values().forEach(events -> done += events.size());
    return true;
  }

  /** The events of the next slice, by actor. */
  private Map<Integer, List<Event>> take(long untilNanos) {
    Map<Integer, List<Event>> next = new LinkedHashMap<>();
    synchronized (events) {
      Event first = events.peek();
      if (first == null || first.atNanos() >= untilNanos) {
        return next;
      }
      nowNanos = Math.max(nowNanos, first.atNanos());
      long end = Math.min(untilNanos, first.atNanos() + SLICE.toNanos());
      for (Event event = events.peek();
          event != null && event.atNanos() < end;
          event = events.peek()) {
        next.computeIfAbsent(event.actor(), _ -> new ArrayList<>()).add(events.remove());
      }
    }
    return next;
  }

  private Future<?> begun(List<Event> events) {
    return threads.submit(() -> events.forEach(event -> event.action().run()));
  }

  private static void all(List<Future<?>> begun) {
    for (Future<?> each : begun) {
      try {
        each.get();
      } catch (InterruptedException | ExecutionException failed) {
        throw new IllegalStateException("the simulation itself failed", failed);
      }
    }
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
