package dev.ratoon.agent;

import java.nio.file.Path;
import java.time.Duration;

/**
 * How an agent is run.
 *
 * @param home where it keeps VMs, trash and its own records
 * @param reportEvery the longest time between two whole reports
 */
public record AgentConfig(Path home, Duration reportEvery) {
  public static final Duration REPORT_EVERY = Duration.ofSeconds(5);
}
