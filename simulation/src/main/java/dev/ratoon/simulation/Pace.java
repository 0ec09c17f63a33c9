package dev.ratoon.simulation;

import dev.ratoon.protocol.agent.HostReport;
import java.time.Duration;

/**
 * How fast hosts are, and how often things go wrong on them.
 *
 * @param report time between two whole {@link HostReport}s
 * @param messagesAstray of a thousand messages how many are lost, doubled, or come late
 * @param startsThatFail of ten thousand
 */
record Pace(
    Duration report,
    Duration disk,
    Duration start,
    Duration stop,
    int messagesAstray,
    int startsThatFail) {
  private static final int HUNDRED = 100;

  /** As hosts are, as far as was measured. */
  static final Pace USUAL =
      new Pace(
          Duration.ofSeconds(5),
          Duration.ofMillis(20),
          Duration.ofMillis(300),
          Duration.ofSeconds(2),
          10,
          10);

  /** Hosts that take hardly any time, and on which nothing goes wrong. */
  static final Pace AT_ONCE =
      new Pace(
          Duration.ofSeconds(5),
          Duration.ofMillis(10),
          Duration.ofMillis(20),
          Duration.ofMillis(10),
          0,
          0);

  /** Hosts do not report all at the same moment. */
  Duration firstReport(int number) {
    return report.multipliedBy(number % HUNDRED).dividedBy(HUNDRED);
  }
}
