package dev.ratoon.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.ReplicaState;
import dev.ratoon.protocol.api.BaseView;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What is made of a VM on one host reaches others as the difference. */
class LayersFleetLabTest {
  private static final int SECOND = 2;
  private static final long CHANGED = 6L << 20;
  private static final long REST = 4L << 20;
  private static RatoonFleet fleet;
  private static RatoonHost control;

  @BeforeAll
  static void start() {
    fleet = RatoonFleet.start(SECOND);
    control = fleet.control();
    fleet.join(SECOND);
    control.ratoon("image", "add", "small", GuestImages.small().toString(), "--memory", "96M");
    control.ratoon("base", "precache", "small", "--all");
  }

  @AfterAll
  static void stop() {
    fleet.close();
  }

  @Test
  void anImageOfAVmMovesAsWhatTheVmChanged() {
    fleet.placeOn(1);
    control.ratoon("vm", "deploy", "origin", "--image", "small");
    control.awaitUserland("origin");
    control.guest("origin", "dd if=/dev/urandom of=/noise bs=1M count=6 2>/dev/null; sync");

    control.ratoon("image", "create", "derived", "--from-vm", "origin");

    fleet.placeOn(SECOND);
    long before = fleet.received(SECOND);
    control.ratoon("vm", "deploy", "shop", "--image", "derived");
    long moved = fleet.received(SECOND) - before;
    assertThat(moved).isBetween(CHANGED, CHANGED + REST);
    control.awaitUserland("shop");
    assertThat(fleet.replica("derived", SECOND).orElseThrow().path()).contains(".delta.qcow2");

    before = fleet.received(SECOND);
    control.ratoon("vm", "clone", "origin", "far", "--host", "host-2");
    assertThat(fleet.received(SECOND) - before).isLessThan(REST);
    control.awaitUserland("far");
    assertThat(control.vm("far").host().orElseThrow().text()).isEqualTo("host-2");
  }

  @Test
  void whatIsMadeElsewhereComesToTheLibraryAsTheDifference() {
    fleet.placeOn(SECOND);
    control.ratoon("vm", "deploy", "remote", "--image", "small");
    control.awaitUserland("remote");
    control.guestOn(
        fleet.host(SECOND),
        "remote",
        "dd if=/dev/urandom of=/noise bs=1M count=6 2>/dev/null; sync");
    long before = fleet.received(1);

    control.ratoon("image", "create", "elsewhere", "--from-vm", "remote");
    control.awaitQuiet();

    BaseView base = fleet.base("elsewhere");
    assertThat(base.replicas()).hasSize(2).allMatch(r -> r.state() == ReplicaState.READY);
    assertThat(fleet.received(1) - before).isBetween(CHANGED, CHANGED + REST);
    Optional<BaseView.ReplicaView> library = fleet.replica("elsewhere", 1);
    assertThat(library.orElseThrow().path()).contains(".delta.qcow2");
  }
}
