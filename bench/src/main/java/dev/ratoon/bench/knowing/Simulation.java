package dev.ratoon.bench.knowing;

import dev.ratoon.bench.knowing.Workload.Request;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;

/**
 * One workload on one fleet with one strategy, in virtual time. A VM runs when its base is there
 * and the host has started those before it, 0.4 s each.
 */
final class Simulation {
  private static final double START_SECONDS = 0.4;
  private static final double BEGIN_SECONDS = 0.05;

  private final Fleet fleet;
  private final Arrivals arrivals;
  private final Strategy strategy;
  private final PriorityQueue<Event> events =
      new PriorityQueue<>(Comparator.comparingDouble(Event::at).thenComparingLong(Event::number));
  private final List<Double> seconds = new ArrayList<>();
  private long eventsMade;
  private int unfinished;
  private int refused;
  private int warm;

  private record Event(double at, long number, Runnable what) {}

  Simulation(Fleet fleet, Arrivals arrivals, Strategy strategy) {
    this.fleet = fleet;
    this.arrivals = arrivals;
    this.strategy = strategy;
  }

  Outcome run(Workload workload) {
    workload.requests().forEach(request -> at(request.at(), () -> accept(request)));
    Arrivals.Count count = arrivals.count();
    double[] before = new double[3];
    at(
        Workload.MEASURED_FROM,
        () -> {
          before[0] = count.bytes;
          before[1] = count.fromLibrary;
          before[2] = count.arrivals;
        });
    double[] after = new double[3];
    at(
        Workload.MEASURED_UNTIL,
        () -> {
          after[0] = count.bytes;
          after[1] = count.fromLibrary;
          after[2] = count.arrivals;
        });
    while (fleet.now() < Workload.MEASURED_UNTIL || unfinished > 0) {
      step();
    }
    return new Outcome(
        seconds.stream().sorted().toList(),
        warm,
        refused,
        after[0] - before[0],
        after[1] - before[1],
        (int) (after[2] - before[2]));
  }

  private void step() {
    double end = arrivals.nextEnd();
    Event next = events.peek();
    if (next == null || end <= next.at()) {
      fleet.now(Math.max(fleet.now(), end));
      arrivals.end();
    } else {
      events.remove();
      fleet.now(next.at());
      next.what().run();
    }
  }

  private void at(double time, Runnable what) {
    events.add(new Event(time, eventsMade++, what));
  }

  private void accept(Request request) {
    boolean measured = request.at() >= Workload.MEASURED_FROM;
    for (double life : request.lives()) {
      Optional<Host> chosen = strategy.choose(fleet, request);
      if (chosen.isPresent()) {
        place(chosen.get(), request, life, measured);
      } else {
        refused += measured ? 1 : 0;
      }
    }
  }

  private void place(Host host, Request request, double life, boolean measured) {
    Host.Held there = host.held(request.base());
    warm += measured && there != null && there.ready() ? 1 : 0;
    unfinished += measured ? 1 : 0;
    Host.Held held = there == null ? arrivals.begin(host, request.base()) : there;
    host.use(held);
    host.begin(request);
    Arrival arrival = held.arrival;
    if (arrival == null) {
      start(host, held, request, life, measured);
    } else {
      arrival.waiting.add(
          () -> at(fleet.now() + BEGIN_SECONDS, () -> start(host, held, request, life, measured)));
    }
  }

  private void start(Host host, Host.Held held, Request request, double life, boolean measured) {
    host.startsUntil = Math.max(host.startsUntil, fleet.now()) + START_SECONDS;
    at(
        host.startsUntil,
        () -> {
          host.started();
          if (measured) {
            unfinished--;
            seconds.add(fleet.now() - request.at());
          }
          at(
              fleet.now() + life,
              () -> {
                host.end(request);
                host.release(held, fleet.now());
              });
        });
  }
}
