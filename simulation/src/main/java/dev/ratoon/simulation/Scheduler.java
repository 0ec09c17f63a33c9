package dev.ratoon.simulation;

import dev.ratoon.model.TimeSource;
import java.time.Duration;

/** Does things later, one at a time for each actor. */
interface Scheduler {

  /** What time it is for whom it does them. */
  TimeSource time();

  /**
   * Does something.
   *
   * @param actor a number of whoever does it: a host, or a user
   */
  void after(Duration delay, int actor, Runnable action);
}
