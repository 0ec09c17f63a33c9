package dev.ratoon.simulation;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.agent.BaseReport;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.Known;
import dev.ratoon.protocol.agent.ServerLink;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.protocol.agent.Whereabouts;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * A way to the server on which some messages are lost, or their answers, some come twice, and some
 * come again after later ones have come.
 */
final class AstrayLink implements ServerLink {
  private static final int THOUSAND = 1000;
  private static final Duration LATE = Duration.ofMillis(1500);

  private final Surroundings around;
  private final int actor;
  private final RandomGenerator random;

  AstrayLink(Surroundings around, int actor, RandomGenerator random) {
    this.around = around;
    this.actor = actor;
    this.random = random;
  }

  @Override
  public Optional<DesiredState> desired(HostId host, Known known, Duration wait)
      throws InterruptedException {
    boolean lost = isAstray();
    Optional<DesiredState> answer = around.server().desired(host, known, wait);
    if (lost) {
      throw lost();
    }
    return answer;
  }

  @Override
  public Whereabouts whereabouts(HostId host, DiskId base) {
    if (isAstray()) {
      throw lost();
    }
    return around.server().whereabouts(host, base);
  }

  @Override
  public void report(HostReport report) {
    sent(() -> around.server().report(report));
  }

  @Override
  public Duration betweenReports() {
    return around.server().betweenReports();
  }

  @Override
  public void report(HostId host, List<VmReport> changed) {
    sent(() -> around.server().report(host, changed));
  }

  @Override
  public void reportBases(HostId host, List<BaseReport> changed) {
    sent(() -> around.server().reportBases(host, changed));
  }

  private void sent(Runnable message) {
    if (!isAstray()) {
      message.run();
      return;
    }
    switch (random.nextInt(4)) {
      case 0 -> throw lost();
      case 1 -> {
        message.run();
        throw lost();
      }
      case 2 -> {
        message.run();
        message.run();
      }
      default -> {
        message.run();
        around.scheduler().after(LATE, actor, () -> arrivedLate(message));
      }
    }
  }

  /** Nobody waits for the answer any more. */
  private static void arrivedLate(Runnable message) {
    try {
      message.run();
    } catch (RatoonException refused) {
      // As a host that is gone would be.
    }
  }

  private boolean isAstray() {
    return random.nextInt(THOUSAND) < around.pace().messagesAstray();
  }

  private static RatoonException lost() {
    return Problem.of(ErrorCode.SERVER_UNREACHABLE, "asking the server")
        .detail("The message or its answer was lost.")
        .asException();
  }
}
