package dev.ratoon.agent.bases;

/**
 * When to ask the server again who has a base. Soon at first, for where many hosts were told to
 * bring one, each should know of the others before it has fetched much that they fetch too; then
 * less and less often.
 */
final class Questions {
  private static final long FIRST_PAUSE_MILLIS = 100;
  private static final long LONGEST_PAUSE_MILLIS = 3_000;

  /** Whoever waits wants to see that it gets on. */
  private static final long LONGEST_LOOK_MILLIS = 1_000;

  private long pauseMillis = FIRST_PAUSE_MILLIS;
  private long leftMillis = FIRST_PAUSE_MILLIS;

  /** How long to wait until the next look. */
  long lookMillis() {
    return Math.min(leftMillis, LONGEST_LOOK_MILLIS);
  }

  /** So long was waited; whether it is time to ask. */
  boolean isDueAfter(long waitedMillis) {
    leftMillis -= waitedMillis;
    if (leftMillis > 0) {
      return false;
    }
    pauseMillis = Math.min(2 * pauseMillis, LONGEST_PAUSE_MILLIS);
    leftMillis = pauseMillis;
    return true;
  }
}
