package dev.ratoon.cache.arrival;

/** A clock that only goes forward, at an even pace, from any beginning. */
@FunctionalInterface
public interface NanoClock {
  long nanos();

  /** The clock of this machine; nobody can set it. */
  static NanoClock system() {
    return System::nanoTime;
  }
}
