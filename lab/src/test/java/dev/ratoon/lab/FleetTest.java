package dev.ratoon.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.ReplicaState;
import dev.ratoon.protocol.api.BaseView;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.api.VmView;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
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

  @Test
  void theFirstDeployBringsTheBaseOnceAndTheNextMovesNothingOfIt() {
    control.ratoon("image", "add", "small", GuestImages.small().toString(), "--memory", "96M");
    control.ratoon("host", "maintenance", firstName(), "on");
    long before = received();

    control.ratoon("vm", "deploy", "cold", "--image", "small", "--count", "4");

    long brought = received() - before;
    BaseView base =
        control.bases().stream()
            .filter(b -> b.images().stream().anyMatch(i -> i.name().text().equals("small")))
            .findFirst()
            .orElseThrow();
    assertThat(base.replicas()).hasSize(2).allMatch(r -> r.state() == ReplicaState.READY);
    long stored = base.replicas().getFirst().storedBytes();
    assertThat(brought).isBetween(stored / 8, stored + stored / 8);
    assertThat(sha256(other, replicaPath(base, "second")))
        .isEqualTo(sha256(control, replicaPath(base, firstName())));
    for (VmView vm : control.vms()) {
      assertThat(vm.host().orElseThrow().text()).isEqualTo("second");
      control.awaitUserland(vm.name().text());
    }

    before = received();
    control.ratoon("vm", "deploy", "warm", "--image", "small");
    assertThat(received() - before).isLessThan(2 << 20);
    control.awaitUserland("warm");
    assertThat(control.ratoon("vm", "console", "warm")).isNotEmpty();

    Shell.Result refused = control.tryRatoon("host", "remove", "second");
    assertThat(refused.exit()).isEqualTo(4);
    assertThat(refused.err()).contains("warm", "--lost");
  }

  @Test
  void anArrivalThatIsKilledHalfWayGoesOnWhereItWas() {
    // Something that does not pack, for two seconds at that speed.
    control.run("/bin/sh", "-c", "dd if=/dev/urandom of=/srv/noise.raw bs=1M count=24 2>/dev/null");
    control.ratoon("image", "add", "noise", "/srv/noise.raw");
    control.ratoon("host", "maintenance", firstName(), "on");
    fleet.rate(2, "50mbit");
    long before = received();
    CompletableFuture<Shell.Result> deploy =
        CompletableFuture.supplyAsync(
            () -> control.tryRatoon("vm", "deploy", "half", "--image", "noise", "--memory", "96M"));
    RatoonHost.await(
        "a third of the base",
        () -> Optional.of(received() - before).filter(bytes -> bytes > 8L << 20));
    other.killRatoon();
    assertThat(received() - before).as("not all came before the kill").isLessThan(22L << 20);

    other.ratoon("agent", "up");

    assertThat(deploy.join().orFail().err()).contains("half");
    assertThat(received() - before).as("what had come was not sent again").isLessThan(32L << 20);
    fleet.rate(2, "none");
    assertThat(other.run("/bin/ls", "-A", "/srv/ratoon/cache/incoming")).isEmpty();
    control.ratoon("vm", "delete", "half", "--yes");
  }

  @Test
  void aCableThatIsOutForAWhileCostsTimeOnly() {
    fleet.link(2, false);
    RatoonHost.await(
        "the host to be missed", () -> Optional.of(second()).filter(host -> !host.connected()));
    fleet.link(2, true);
    RatoonHost.await(
        "the host to be back", () -> Optional.of(second()).filter(HostView::connected));
  }

  private static String firstName() {
    return control.hosts().stream()
        .map(host -> host.name().text())
        .filter(name -> !name.equals("second"))
        .findFirst()
        .orElseThrow();
  }

  private static String sha256(RatoonHost host, String file) {
    return host.run("/usr/bin/sha256sum", file).split(" ")[0];
  }

  private static String replicaPath(BaseView base, String host) {
    return base.replicas().stream()
        .filter(replica -> replica.host().text().equals(host))
        .findFirst()
        .orElseThrow()
        .path();
  }

  /** What came over the second host's cable so far. */
  private static long received() {
    return Long.parseLong(other.run("/bin/cat", "/sys/class/net/eth0/statistics/rx_bytes").strip());
  }
}
