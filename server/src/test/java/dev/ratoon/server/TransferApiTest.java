package dev.ratoon.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.TransferLimits;
import dev.ratoon.protocol.agent.TransferReport;
import dev.ratoon.protocol.agent.TransferReport.Arrived;
import dev.ratoon.protocol.agent.TransferReport.PeerTraffic;
import dev.ratoon.protocol.api.HostChange;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.api.Settings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What hosts move: shown, counted, and limited. */
final class TransferApiTest {
  @TempDir Path home;
  private TestServer server;
  private FakeAgent agent;

  @BeforeEach
  void start() throws Exception {
    server = TestServer.start(home);
    agent = FakeAgent.on(server);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private void moved(String run, long in, long out) {
    HostId peer = new HostId(new UUID(0, 9));
    agent.transfers =
        Optional.of(
            new TransferReport(
                run,
                in,
                out,
                List.of(new PeerTraffic(peer, in, in, 0, out, out, 0, 125_000_000)),
                new Arrived(2, 10, 20, 30)));
    agent.report();
  }

  private String metrics() throws Exception {
    return server.get("/v1/metrics").body();
  }

  private static HostChange limit(String limit) {
    return new HostChange(Optional.empty(), Optional.empty(), Optional.empty(), Optional.of(limit));
  }

  private TransferLimits told() throws Exception {
    DesiredState state = agent.look(Duration.ofSeconds(5)).orElseThrow();
    agent.obey();
    return state.limits().orElseThrow();
  }

  @Test
  void whatHostsMoveIsShownAndCountedOverRestartsOfTheirAgents() throws Exception {
    moved("one", 1000, 500);
    assertThat(metrics())
        .contains("ratoon_wire_bytes_total{direction=\"in\",host=\"host-1\"} 1000.0")
        .contains("ratoon_wire_bytes_total{direction=\"out\",host=\"host-1\"} 500.0")
        .contains("ratoon_arrived_bytes_total{from=\"library\",host=\"host-1\"} 30.0")
        .contains("ratoon_arrived_bytes_total{from=\"peers\",host=\"host-1\"} 20.0")
        .contains("ratoon_arrived_bytes_total{from=\"relatives\",host=\"host-1\"} 10.0")
        .contains("ratoon_arrivals{host=\"host-1\"} 2.0");
    moved("one", 900, 600);
    assertThat(metrics()).as("a report that was overtaken").contains("host=\"host-1\"} 1000.0");
    moved("two", 7, 0);
    assertThat(metrics())
        .contains("ratoon_wire_bytes_total{direction=\"in\",host=\"host-1\"} 1007.0")
        .contains("ratoon_wire_bytes_total{direction=\"out\",host=\"host-1\"} 600.0");
    HostView view = server.get("/v1/hosts/host-1").as(HostView.class);
    assertThat(view.transfers().orElseThrow().peers().getFirst().bytesPerSecond())
        .isEqualTo(125_000_000);
  }

  @Test
  void limitsReachEveryHostAtOnceAndAHostMayHaveItsOwn() throws Exception {
    assertThat(told()).isEqualTo(TransferLimits.NONE);
    TransferLimits all = new TransferLimits(50 << 20, 60 << 20, 70 << 20, 4);
    server.put("/v1/settings", new Settings(true, 72, 1.0, Optional.empty(), Optional.of(all)));
    assertThat(told()).isEqualTo(all);

    HostView limited = server.post("/v1/hosts/host-1", limit("10M")).as(HostView.class);
    assertThat(limited.limitBytesPerSecond()).contains(10L << 20);
    assertThat(told()).isEqualTo(new TransferLimits(10 << 20, 10 << 20, 70 << 20, 4));

    server.post("/v1/hosts/host-1", limit("0"));
    assertThat(told()).isEqualTo(new TransferLimits(0, 0, 70 << 20, 4));
    server.post("/v1/hosts/host-1", limit(""));
    assertThat(told()).isEqualTo(all);
    server.put("/v1/settings", new Settings(false, 72, 1.0, Optional.empty(), Optional.of(all)));
    assertThat(agent.look(Duration.ofMillis(100))).as("what does not concern hosts").isEmpty();
  }

  @Test
  void ratesThatNoTransferWouldSurviveAreRefused() throws Exception {
    assertThat(server.post("/v1/hosts/host-1", limit("1000")).problem().code())
        .isEqualTo(ErrorCode.INVALID_VALUE);
    assertThat(server.post("/v1/hosts/host-1", limit("fast")).problem().code())
        .isEqualTo(ErrorCode.INVALID_VALUE);
    String settings =
        """
        {"differencing": true, "trashHours": 72, "memoryRatio": 1.0,
         "transfers": {"giveBytesPerSecond": -1, "takeBytesPerSecond": 0,
                       "libraryBytesPerSecond": 0, "libraryUploads": 0}}\
        """;
    assertThat(server.put("/v1/settings", settings).status()).isEqualTo(400);
  }
}
