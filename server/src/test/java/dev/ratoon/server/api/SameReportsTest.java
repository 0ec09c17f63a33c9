package dev.ratoon.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.agent.HostFacts;
import dev.ratoon.protocol.agent.HostReport;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class SameReportsTest {
  private final AtomicLong now = new AtomicLong();
  private final SameReports reports = new SameReports(now::get);

  @Test
  void whatIsTheSameIsReadOnce() {
    HostId host = host(1);
    HostReport first = reports.read(host, report(host, 7));

    assertThat(reports.read(host, report(host, 7))).isSameAs(first);
    assertThat(reports.read(host, report(host, 8)).revision()).isEqualTo(8);
  }

  @Test
  void whoSaysNothingAnyMoreIsForgotten() {
    HostId stays = host(1);
    HostReport kept = reports.read(stays, report(stays, 1));
    reports.read(host(2), report(host(2), 1));
    for (int minutes = 0; minutes < 70; minutes += 10) {
      now.addAndGet(Duration.ofMinutes(10).toNanos());
      assertThat(reports.read(stays, report(stays, 1))).isSameAs(kept);
    }
    reports.read(host(3), report(host(3), 1));

    assertThat(reports.hosts()).isEqualTo(2);
    assertThat(reports.read(stays, report(stays, 1))).isSameAs(kept);
  }

  private static HostId host(int number) {
    return new HostId(new UUID(0, number));
  }

  private static byte[] report(HostId host, long revision) {
    HostFacts facts =
        new HostFacts(
            8, 1L << 36, 1L << 40, 1L << 39, "tcg", "", List.of(), List.of(), true, List.of());
    HostReport report =
        new HostReport(
            host,
            new EntityName("h"),
            "",
            revision,
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
    return Json.write(report).getBytes(StandardCharsets.UTF_8);
  }
}
