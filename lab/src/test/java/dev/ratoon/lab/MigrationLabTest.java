package dev.ratoon.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.OperationState;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.VmView;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * VMs that change their host, with real hypervisors: guests that write all the time, and check
 * afterwards all that they have written.
 */
class MigrationLabTest {
  private static final int HOSTS = 3;
  private static final long MIB = 1L << 20;

  /** Blocks that say which round wrote them, in turns over a stretch of the second disk. */
  private static final String WRITE =
      "(i=0; while [ ! -e /run/end ]; do i=$((i+1)); s=$((i%64));"
          + " yes $i | head -c 65536 | dd of=/dev/vdb bs=65536 seek=$s conv=notrunc 2>/dev/null;"
          + " echo $i > /run/slot-$s; done; sync; touch /run/ended) & echo begun";

  private static final String CHECK =
      "touch /run/end; while [ ! -e /run/ended ]; do sleep 0.1; done;"
          + " echo 3 > /proc/sys/vm/drop_caches; bad=0; n=0; for s in $(seq 0 63); do"
          + " [ -e /run/slot-$s ] || continue; n=$((n+1)); i=$(cat /run/slot-$s);"
          + " a=$(yes $i | head -c 65536 | md5sum);"
          + " b=$(dd if=/dev/vdb bs=65536 skip=$s count=1 2>/dev/null | md5sum);"
          + " [ \"$a\" = \"$b\" ] || bad=$((bad+1)); done; rm /run/end /run/ended;"
          + " echo checked $n bad $bad";

  private static RatoonFleet fleet;
  private static RatoonHost control;

  @BeforeAll
  static void start() {
    fleet = RatoonFleet.start(HOSTS);
    control = fleet.control();
    for (int host = 2; host <= HOSTS; host++) {
      fleet.join(host);
    }
    control.ratoon("image", "add", "small", GuestImages.small().toString(), "--memory", "96M");
  }

  @AfterAll
  static void stop() {
    fleet.close();
  }

  private static VmView deploy(String name, int host) {
    control.ratoon(
        "vm", "deploy", name, "--image", "small", "--host", fleet.name(host), "--disk", "size=64M");
    control.awaitUserland(name);
    return control.vm(name);
  }

  private static String guest(String vm, String command) {
    int host = hostOf(vm).equals("host-3") ? 3 : 2;
    return control.guestOn(fleet.host(host), vm, command);
  }

  private static void delete(String name) {
    control.ratoon("vm", "delete", name, "--yes");
  }

  private static OperationView last() {
    return control.operations().getFirst();
  }

  private static String hostOf(String vm) {
    return control.vm(vm).host().orElseThrow().text();
  }

  /** Exactly one domain in the fleet, on that host, and files there alone. */
  private static void assertItLivesOn(int host, VmView vm) {
    assertThat(hostOf(vm.name().text())).isEqualTo(fleet.name(host));
    for (int each = 1; each <= HOSTS; each++) {
      int number = each;
      String id = vm.id().toString();
      String domains = fleet.host(number).run("/usr/bin/virsh", "-q", "list", "--all", "--uuid");
      if (number == host) {
        assertThat(domains).contains(id);
      } else {
        assertThat(domains).doesNotContain(id);
        RatoonHost.await(
            "the files of " + vm.name() + " to be gone from host " + number,
            () ->
                Optional.of(fleet.host(number).run("/bin/ls", "-A", "/srv/ratoon/vms"))
                    .filter(files -> !files.contains(id)));
      }
    }
  }

  @Test
  void aGuestThatWritesAllTheTimeMovesWhileItRuns() {
    VmView vm = deploy("live", 2);
    fleet.placeOn(3);
    deploy("warm", 3);
    delete("warm");
    for (HostView host : control.hosts()) {
      control.ratoon("host", "maintenance", host.name().text(), "off");
    }
    guest("live", WRITE);
    Optional<Long> userland = control.vm("live").userlandMillis();
    assertThat(userland).isPresent();
    long received = fleet.received(3);

    control.ratoon("vm", "migrate", "live", "--to", "host-3", "--live");

    OperationView moved = last();
    long wire = fleet.received(3) - received;
    assertThat(moved.result().orElseThrow()).contains("running on host-3", "downtime");
    assertThat(wire).as("memory and overlay, nothing of the base").isLessThan(160 * MIB);
    assertItLivesOn(3, vm);
    assertThat(control.vm("live").userlandMillis())
        .as("it goes on, and did not boot")
        .isEqualTo(userland);
    assertThat(guest("live", CHECK)).contains("bad 0");
    System.out.println(
        "live migration: " + moved.result().orElseThrow() + "; received " + wire + " bytes");
    delete("live");
  }

  @Test
  void aGuestIsShutDownForItAndStartsOnTheOtherHost() {
    VmView vm = deploy("cold", 2);
    guest("cold", "echo kept > /root/file; sync");

    control.ratoon("vm", "migrate", "cold", "--to", "host-3", "--cold", "--grace", "5");

    control.awaitUserland("cold");
    assertThat(guest("cold", "cat /root/file")).contains("kept");
    assertItLivesOn(3, vm);
    assertThat(last().result().orElseThrow()).contains("running on host-3");
    System.out.println("cold migration: " + last().result().orElseThrow());
    delete("cold");
  }

  @Test
  void aDestinationThatVanishesCostsTheGuestNothing() {
    VmView vm = deploy("stays", 2);
    guest("stays", WRITE);
    fleet.machines().rate(2, "40mbit");
    CompletableFuture<Shell.Result> migration =
        CompletableFuture.supplyAsync(
            () -> control.tryRatoon("vm", "migrate", "stays", "--to", "host-3", "--live"));
    long before = fleet.received(3);
    RatoonHost.await(
        "the guest to be on its way",
        () -> Optional.of(fleet.received(3) - before).filter(bytes -> bytes > 8 * MIB));

    fleet.machines().link(3, false);

    long round = Long.parseLong(guest("stays", "cat /run/slot-1"));
    RatoonHost.await(
        "the guest to go on writing",
        () ->
            Optional.of(Long.parseLong(guest("stays", "cat /run/slot-1")))
                .filter(later -> later > round));
    fleet.machines().link(3, true);
    fleet.machines().rate(2, "none");
    migration.join();
    control.awaitQuiet();
    int host = hostOf("stays").equals("host-3") ? 3 : 2;
    assertItLivesOn(host, vm);
    assertThat(control.vm("stays").state()).isEqualTo(VmState.RUNNING);
    assertThat(guest("stays", CHECK)).contains("bad 0");
    delete("stays");
  }

  @Test
  void agentsThatAreKilledOnTheWayLeaveOneVm() {
    for (int killed : new int[] {2, 3}) {
      String name = "killed-" + killed;
      VmView vm = deploy(name, 2);
      guest(name, WRITE);
      fleet.machines().rate(2, "40mbit");
      CompletableFuture<Shell.Result> migration =
          CompletableFuture.supplyAsync(
              () -> control.tryRatoon("vm", "migrate", name, "--to", "host-3", "--live"));
      long before = fleet.received(3);
      RatoonHost.await(
          "the guest to be on its way",
          () -> Optional.of(fleet.received(3) - before).filter(bytes -> bytes > 4 * MIB));

      fleet.host(killed).killRatoon();
      fleet.host(killed).ratoon("agent", "up");

      fleet.machines().rate(2, "none");
      migration.join();
      control.awaitQuiet();
      assertThat(last().state()).isIn(OperationState.DONE, OperationState.FAILED);
      RatoonHost.await(
          name + " to run",
          () -> Optional.of(control.vm(name)).filter(v -> v.state() == VmState.RUNNING));
      assertItLivesOn(hostOf(name).equals("host-3") ? 3 : 2, vm);
      assertThat(guest(name, CHECK)).contains("bad 0");
      delete(name);
    }
  }
}
