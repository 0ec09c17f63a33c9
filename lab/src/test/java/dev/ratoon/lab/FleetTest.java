package dev.ratoon.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.ReplicaState;
import dev.ratoon.protocol.api.BaseView;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.api.VmView;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Several real hosts: one with the server, others that join. */
class FleetTest {
  private static final int SECOND = 2;
  private static RatoonFleet fleet;
  private static RatoonHost control;
  private static RatoonHost other;

  @BeforeAll
  static void start() {
    fleet = RatoonFleet.start(SECOND);
    control = fleet.control();
    other = fleet.host(SECOND);
    assertThat(fleet.join(SECOND)).contains("'host-2'", "up and connected");
  }

  @AfterAll
  static void stop() {
    fleet.close();
  }

  private static HostView second() {
    return fleet.view(SECOND);
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
    fleet.placeOn(SECOND);
    long before = received();

    control.ratoon("vm", "deploy", "cold", "--image", "small", "--count", "4");

    long brought = received() - before;
    BaseView base = fleet.base("small");
    assertThat(base.replicas()).hasSize(2).allMatch(r -> r.state() == ReplicaState.READY);
    long stored = base.replicas().getFirst().storedBytes();
    assertThat(brought).isBetween(stored / 8, stored + stored / 8);
    assertThat(fleet.sha256("small", SECOND)).isEqualTo(fleet.sha256("small", 1));
    for (VmView vm : control.vms()) {
      assertThat(vm.host().orElseThrow().text()).isEqualTo("host-2");
      control.awaitUserland(vm.name().text());
    }

    before = received();
    control.ratoon("vm", "deploy", "warm", "--image", "small");
    assertThat(received() - before).isLessThan(2 << 20);
    control.awaitUserland("warm");
    assertThat(control.ratoon("vm", "console", "warm")).isNotEmpty();

    Shell.Result refused = control.tryRatoon("host", "remove", "host-2");
    assertThat(refused.exit()).isEqualTo(4);
    assertThat(refused.err()).contains("warm", "--lost");
  }

  @Test
  void anArrivalThatIsKilledHalfWayGoesOnWhereItWas() {
    // Something that does not pack, for two seconds at that speed.
    control.run("/bin/sh", "-c", "dd if=/dev/urandom of=/srv/noise.raw bs=1M count=24 2>/dev/null");
    control.ratoon("image", "add", "noise", "/srv/noise.raw");
    fleet.placeOn(SECOND);
    fleet.machines().rate(SECOND, "50mbit");
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
    fleet.machines().rate(SECOND, "none");
    assertThat(other.run("/bin/ls", "-A", "/srv/ratoon/cache/incoming")).isEmpty();
    control.ratoon("vm", "delete", "half", "--yes");
  }

  @Test
  void aCableThatIsOutForAWhileCostsTimeOnly() {
    fleet.machines().link(SECOND, false);
    RatoonHost.await(
        "the host to be missed", () -> Optional.of(second()).filter(host -> !host.connected()));
    fleet.machines().link(SECOND, true);
    RatoonHost.await(
        "the host to be back", () -> Optional.of(second()).filter(HostView::connected));
  }

  /** What came over the second host's cable so far. */
  private static long received() {
    return fleet.received(SECOND);
  }
}
