package dev.ratoon.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.ReplicaState;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.api.VmView;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Bases on their way between four hosts: what travels, and what happens when those who give or take
 * fail. Each test has a base of its own that does not pack, so that bytes on cables can be counted.
 */
class FourHostsTest {
  private static final int HOSTS = 4;
  private static final long MIB = 1L << 20;
  private static final int BASE_MIB = 24;

  /** Little of it: messages, reports, handshakes. */
  private static final long TALK = 3 * MIB;

  private static final Executor AT_ONCE = Executors.newVirtualThreadPerTaskExecutor();

  private static RatoonFleet fleet;
  private static RatoonHost control;

  @BeforeAll
  static void start() {
    fleet = RatoonFleet.start(HOSTS);
    control = fleet.control();
    for (int host = 2; host <= HOSTS; host++) {
      fleet.join(host);
    }
  }

  @AfterAll
  static void stop() {
    fleet.close();
  }

  /** Makes a base that nobody has but the library. */
  private static void base(String image) {
    String file = "/srv/" + image + ".raw";
    control.run(
        "/bin/sh",
        "-c",
        "dd if=/dev/urandom of=%s bs=1M count=%d 2>/dev/null".formatted(file, BASE_MIB));
    control.ratoon("image", "add", image, file);
  }

  private static CompletableFuture<Shell.Result> deploy(String name, String image, String... more) {
    String[] command = {"vm", "deploy", name, "--image", image, "--memory", "64M", "--paused"};
    String[] all = Stream.of(command, more).flatMap(Stream::of).toArray(String[]::new);
    return CompletableFuture.supplyAsync(() -> control.tryRatoon(all), AT_ONCE);
  }

  private static void delete(String... names) {
    String[] command = {"vm", "delete", "--yes"};
    control.ratoon(Stream.of(command, names).flatMap(Stream::of).toArray(String[]::new));
  }

  private static void awaitReceived(int host, long before, long bytes) {
    RatoonHost.await(
        bytes + " bytes at host " + host,
        () -> Optional.of(fleet.received(host) - before).filter(came -> came > bytes));
  }

  private static void awaitHosts(boolean connected, int... numbers) {
    for (int number : numbers) {
      RatoonHost.await(
          "host " + number + " to be seen",
          () -> Optional.of(fleet.view(number)).filter(h -> h.connected() == connected));
    }
  }

  private static void assertNothingUnfinished(int host) {
    assertThat(fleet.host(host).run("/bin/ls", "-A", "/srv/ratoon/cache/incoming")).isEmpty();
  }

  @Test
  void twentyDeploysAtOnceOnAColdHostMoveItsBaseOnce() {
    base("twenty");
    fleet.placeOn(2);
    long before = fleet.received(2);

    List<CompletableFuture<Shell.Result>> deploys =
        IntStream.range(0, 4)
            .mapToObj(k -> deploy("twenty-" + (char) ('a' + k), "twenty", "--count", "5"))
            .toList();

    deploys.forEach(deploy -> deploy.join().orFail());
    assertThat(fleet.received(2) - before)
        .isBetween(BASE_MIB * MIB, BASE_MIB * MIB + BASE_MIB * MIB / 8 + TALK);
    List<VmView> twenty =
        control.vms().stream().filter(vm -> vm.name().text().startsWith("twenty-")).toList();
    assertThat(twenty).hasSize(20).allMatch(vm -> vm.problem().isEmpty());
    before = fleet.received(2);
    deploy("twenty-more", "twenty").join().orFail();
    assertThat(fleet.received(2) - before).isLessThan(TALK);
    assertThat(fleet.sha256("twenty", 2)).isEqualTo(fleet.sha256("twenty", 1));
    delete("twenty-more");
    delete(twenty.stream().map(vm -> vm.name().text()).toArray(String[]::new));
  }

  @Test
  void aBaseGoesOnComingFromAnotherHostWhenTheServerAndItsLibraryDie() {
    base("orphan");
    fleet.placeOn(3);
    deploy("orphan-3", "orphan").join().orFail();
    fleet.placeOn(4);
    fleet.machines().rate(4, "40mbit");
    long before = fleet.received(4);
    CompletableFuture<Shell.Result> deploy = deploy("orphan-4", "orphan", "--no-wait");
    awaitReceived(4, before, BASE_MIB * MIB / 4);

    control.killRatoon();

    assertThat(fleet.received(4) - before).as("killed half-way").isLessThan(BASE_MIB * MIB * 3 / 4);
    awaitReceived(4, before, BASE_MIB * MIB);
    control.ratoon("up", "--listen", fleet.machines().address(1) + ":7800");
    deploy.join();
    awaitHosts(true, 3, 4);
    control.awaitQuiet();
    assertThat(control.vm("orphan-4").problem()).isEmpty();
    assertThat(fleet.received(4) - before).isLessThan(BASE_MIB * MIB + 2 * TALK);
    fleet.machines().rate(4, "none");
    assertThat(fleet.sha256("orphan", 4)).isEqualTo(fleet.sha256("orphan", 1));
    assertNothingUnfinished(4);
    delete("orphan-3", "orphan-4");
  }

  @Test
  void aHostThatLiesIsLeftAndTheBaseIsWholeAllTheSame() {
    base("lie");
    fleet.placeOn(3);
    deploy("lie-3", "lie").join().orFail();
    String liar = fleet.replica("lie", 3).orElseThrow().path();
    fleet.placeOn(4);
    fleet.machines().rate(4, "40mbit");
    long before = fleet.received(4);
    CompletableFuture<Shell.Result> deploy = deploy("lie-4", "lie");
    awaitReceived(4, before, MIB);

    fleet
        .host(3)
        .run(
            "/bin/sh",
            "-c",
            "chattr -i $0 2>/dev/null; dd if=/dev/urandom of=$0 bs=1M count=%d conv=notrunc 2>/dev/null"
                .formatted(BASE_MIB),
            liar);

    deploy.join().orFail();
    fleet.machines().rate(4, "none");
    assertThat(fleet.sha256("lie", 4)).isEqualTo(fleet.sha256("lie", 1));
    assertNothingUnfinished(4);
    assertThat(fleet.host(4).run("/bin/cat", "/srv/ratoon/log/ratoon.log")).contains("was left");
    delete("lie-3", "lie-4");
  }

  @Test
  void aFullDiskOnArrivalFailsInWordsAndNothingIsLeft() {
    base("full");
    RatoonHost host = fleet.host(4);
    fleet.placeOn(4);
    host.run("/bin/sh", "-c", "mkdir -p /srv/full && mount -t tmpfs -o size=8m full /srv/full");
    host.run("/bin/mount", "--bind", "/srv/full", "/srv/ratoon/cache/incoming");
    try {
      Shell.Result failed = deploy("full-4", "full").join();

      assertThat(failed.exit()).isNotZero();
      assertThat(failed.err()).contains("disk-full", "/srv/ratoon/cache");
      assertThat(host.run("/bin/ls", "-A", "/srv/ratoon/vms")).doesNotContain("full-4");
    } finally {
      host.run("/bin/umount", "/srv/ratoon/cache/incoming");
    }
    control.tryRatoon("vm", "delete", "full-4", "--yes");
    deploy("full-again", "full").join().orFail();
    assertThat(fleet.replica("full", 4).orElseThrow().state()).isEqualTo(ReplicaState.READY);
    assertNothingUnfinished(4);
    host.run("/bin/umount", "/srv/full");
    delete("full-again");
  }

  @Test
  void hostsShowWhereTheyBelong() {
    assertThat(control.hosts()).hasSize(HOSTS).allMatch(HostView::connected);
    assertThat(fleet.view(4).cluster().orElseThrow().text()).isEqualTo("west");
  }
}
