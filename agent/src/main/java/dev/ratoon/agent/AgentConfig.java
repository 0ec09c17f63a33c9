package dev.ratoon.agent;

import dev.ratoon.model.EntityName;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * How an agent is run.
 *
 * @param home where it keeps VMs, trash and its own records
 * @param reportEvery the longest time between two whole reports
 * @param name of the host; the machine's own unless told
 */
public record AgentConfig(Path home, Duration reportEvery, Optional<EntityName> name) {
  public static final Duration REPORT_EVERY = Duration.ofSeconds(5);

  /** Of a host that is called what the machine is. */
  public AgentConfig(Path home, Duration reportEvery) {
    this(home, reportEvery, Optional.empty());
  }
}
