package dev.ratoon.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.protocol.api.HostView;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Several real hosts: one with the server, others that join. */
class FleetTest {
  private static Fleet fleet;
  private static RatoonHost control;
  private static RatoonHost other;

  @BeforeAll
  static void start() {
    Shell.run(Map.of(), List.of(Checkout.root().resolve("ratoon").toString(), "--version"))
        .orFail();
    fleet = Fleet.start(2);
    control = new RatoonHost(fleet, 1);
    other = new RatoonHost(fleet, 2);
    control.ratoon("up", "--listen", fleet.address(1) + ":7800");
    String token = control.ratoon("host", "token", "-q", "--cluster", "west").strip();
    Shell.Result joined =
        other.tryRatoon(
            "agent",
            "join",
            "https://" + fleet.address(1) + ":7800",
            "--token",
            token,
            "--name",
            "second");
    assertThat(joined.orFail().err()).contains("'second'", "up and connected");
  }

  @AfterAll
  static void stop() {
    fleet.close();
  }

  private static HostView second() {
    return control.hosts().stream()
        .filter(host -> host.name().text().equals("second"))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aHostJoinsAndReports() {
    HostView host = second();
    assertThat(host.connected()).isTrue();
    assertThat(host.problem()).isEmpty();
    assertThat(host.cluster().orElseThrow().text()).isEqualTo("west");
    assertThat(host.cpus()).isPositive();
    assertThat(other.tryRatoon("agent", "up").err()).contains("connected");
    assertThat(other.tryRatoon("agent", "join", "https://x:1", "--token", "y").exit()).isNotZero();
  }

  @Test
  void anAgentThatWasKilledComesBackToItsServer() {
    other.killRatoon();
    other.ratoon("agent", "up");
    RatoonHost.await("the agent's report", () -> Optional.of(second()).filter(HostView::connected));
  }
}
