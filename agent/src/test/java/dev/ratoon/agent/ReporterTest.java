package dev.ratoon.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.protocol.agent.BaseReport;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.HostFacts;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.Known;
import dev.ratoon.protocol.agent.ServerLink;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.protocol.agent.Whereabouts;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class ReporterTest {
  private static final Duration USUAL = Duration.ofMillis(10);
  private static final Duration ASKED = Duration.ofSeconds(2);

  @Test
  void aServerWithManyHostsHearsOfEachLessOftenAndAtOnceOfNews() throws InterruptedException {
    Server server = new Server();
    try (Reporter reporter =
        new Reporter(
            new HostId(new UUID(0, 1)),
            server,
            ReporterTest::report,
            _ -> Optional.empty(),
            List::of,
            List::of,
            USUAL)) {
      reporter.start();
      long first = server.next();
      long second = server.next();
      assertThat(Duration.ofNanos(second - first)).isGreaterThanOrEqualTo(ASKED);
      reporter.hostChanged();
      assertThat(Duration.ofNanos(server.next() - second)).isLessThan(ASKED);
    }
  }

  private static HostReport report() {
    HostFacts facts =
        new HostFacts(
            8, 1L << 36, 1L << 40, 1L << 39, "tcg", "", List.of(), List.of(), true, List.of());
    return new HostReport(
        new HostId(new UUID(0, 1)),
        new EntityName("h"),
        "",
        1,
        facts,
        Optional.empty(),
        List.of(),
        List.of(),
        List.of(),
        Optional.empty(),
        List.of(),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        Optional.empty());
  }

  /** Notes when whole reports come. */
  private static final class Server implements ServerLink {
    private final BlockingQueue<Long> reports = new LinkedBlockingQueue<>();

    long next() throws InterruptedException {
      Long at = reports.poll(20, TimeUnit.SECONDS);
      assertThat(at).as("a report").isNotNull();
      return at;
    }

    @Override
    public Duration betweenReports() {
      return ASKED;
    }

    @Override
    public void report(HostReport report) {
      reports.add(System.nanoTime());
    }

    @Override
    public Optional<DesiredState> desired(HostId host, Known known, Duration wait) {
      return Optional.empty();
    }

    @Override
    public Whereabouts whereabouts(HostId host, DiskId base) {
      throw new AssertionError("nobody asks");
    }

    @Override
    public void report(HostId host, List<VmReport> changed) {}

    @Override
    public void reportBases(HostId host, List<BaseReport> changed) {}
  }
}
