package dev.ratoon.model;

import java.time.Instant;
import java.time.InstantSource;

/** What time it is, by the calendar and by a clock that nobody sets. */
public interface TimeSource extends InstantSource {

  /** Nanoseconds since some moment; never goes back, and does not jump when the clock is set. */
  long nanoTime();

  /** The machine's own clock that does not jump, beside this one of the calendar. */
  static TimeSource of(InstantSource calendar) {
    return new TimeSource() {
      @Override
      public Instant instant() {
        return calendar.instant();
      }

      @Override
      public long nanoTime() {
        return System.nanoTime();
      }
    };
  }
}
