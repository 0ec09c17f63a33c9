package dev.ratoon.cache.arrival;

/** What waits for a base: sources serve the more urgent first. In ascending order of urgency. */
public enum Priority {
  /** Nobody: it is brought beforehand. */
  PRECACHE,
  /** A virtual machine. */
  DEPLOY
}
