package dev.ratoon.simulation;

import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

/**
 * What goes wrong with hosts, all of it drawn from one seed before anything begins: some lose power
 * for minutes, agents are restarted, links become slow for a while. It is all mended in the end.
 */
final class Faults {
  private static final int HUNDRED = 100;
  private static final int SLOW = 20;
  private static final int MOST_AWAY_SECONDS = 180;
  private static final int LEAST_AWAY_SECONDS = 5;
  private static final Duration RESTART = Duration.ofSeconds(3);

  private final Scheduler scheduler;
  private final Random random;
  private final Duration in;
  private int count;

  Faults(Scheduler scheduler, Duration in, long seed) {
    this.scheduler = scheduler;
    this.random = new Random(seed);
    this.in = in;
  }

  /** Of a hundred hosts two lose power, five have their agent restarted, and three a slow link. */
  void plan(List<SimulatedHost> hosts) {
    for (SimulatedHost host : hosts) {
      Duration away = Duration.ofSeconds(LEAST_AWAY_SECONDS + random.nextInt(MOST_AWAY_SECONDS));
      switch (random.nextInt(HUNDRED)) {
        case 0, 1 -> during(host, away, SimulatedHost::losePower, SimulatedHost::start);
        case 2, 3, 4, 5, 6 -> during(host, RESTART, SimulatedHost::stopAgent, SimulatedHost::start);
        case 7, 8, 9 -> during(host, away, one -> one.slowDown(SLOW), one -> one.slowDown(1));
        default -> {
          // Nothing.
        }
      }
    }
  }

  private void during(
      SimulatedHost host,
      Duration howLong,
      Consumer<SimulatedHost> begins,
      Consumer<SimulatedHost> ends) {
    Duration at = Duration.ofNanos((long) (random.nextDouble() * in.toNanos()));
    int actor = host.self().number();
    scheduler.after(at, actor, () -> begins.accept(host));
    scheduler.after(at.plus(howLong), actor, () -> ends.accept(host));
    count++;
  }

  /** How many there are. */
  int count() {
    return count;
  }
}
