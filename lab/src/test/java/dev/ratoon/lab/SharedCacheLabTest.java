package dev.ratoon.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.ReplicaState;
import dev.ratoon.model.ShareState;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.api.ShareView;
import dev.ratoon.protocol.api.VmView;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Two real hosts that share a cache, and a third with the server that does not. The share is a file
 * system of its own that all have mounted, so that it can be made to hang.
 */
class SharedCacheLabTest {
  private static final long SHARE_BYTES = 1L << 30;
  private static final List<String> MEMBERS = List.of("second", "third");
  private static Path work = Path.of("/nowhere");
  private static Path share = work;
  private static Fleet fleet;
  private static RatoonHost control;

  @BeforeAll
  static void start() throws IOException {
    Shell.run(Map.of(), List.of(Checkout.root().resolve("ratoon").toString(), "--version"))
        .orFail();
    mount();
    fleet = Fleet.start(3);
    control = new RatoonHost(fleet, 1);
    control.ratoon("up", "--listen", fleet.address(1) + ":7800");
    for (int i = 0; i < MEMBERS.size(); i++) {
      String token = control.ratoon("host", "token", "-q", "--cluster", "west").strip();
      new RatoonHost(fleet, i + 2)
          .tryRatoon(
              "agent",
              "join",
              "https://" + fleet.address(1) + ":7800",
              "--token",
              token,
              "--name",
              MEMBERS.get(i))
          .orFail();
    }
  }

  /** Before the hosts are: they see what this machine has mounted then. */
  private static void mount() throws IOException {
    work = Files.createTempDirectory("ratoon-lab-share-");
    Files.setPosixFilePermissions(work, PosixFilePermissions.fromString("rwxr-xr-x"));
    share = Files.createDirectory(work.resolve("vmCache"));
    Path image = work.resolve("file-system");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(SHARE_BYTES);
    }
    run("mkfs.ext4", "-q", "-F", image.toString());
    run("mount", "-o", "loop", image.toString(), share.toString());
  }

  private static void run(String... command) {
    Shell.run(Map.of(), List.of(command)).orFail();
  }

  @AfterAll
  static void stop() {
    Shell.run(Map.of(), List.of("fsfreeze", "-u", share.toString()));
    if (fleet != null) {
      fleet.close();
    }
    Shell.run(Map.of(), List.of("umount", share.toString()));
    Shell.run(Map.of(), List.of("rm", "-r", "--one-file-system", work.toString()));
  }

  private static RatoonHost host(String name) {
    return new RatoonHost(fleet, MEMBERS.indexOf(name) + 2);
  }

  private static ShareView awaitShare(String what, Predicate<ShareView> wish) {
    return RatoonHost.await(what, () -> control.shares().stream().filter(wish).findFirst());
  }

  private static ShareState stateOn(ShareView view, String host) {
    return view.hosts().stream()
        .filter(each -> each.name().text().equals(host))
        .findFirst()
        .orElseThrow()
        .state();
  }

  private static long received(String host) {
    return Long.parseLong(
        host(host).run("/bin/cat", "/sys/class/net/eth0/statistics/rx_bytes").strip());
  }

  @Test
  void aBaseThatOneHostBroughtCostsTheOtherNothingAndAShareThatHangsStopsNobody() {
    control.ratoon("image", "add", "small", GuestImages.small().toString(), "--memory", "96M");
    control.run("/bin/sh", "-c", "dd if=/dev/urandom of=/srv/noise.raw bs=1M count=8 2>/dev/null");
    control.ratoon("image", "add", "noise", "/srv/noise.raw");
    control.hosts().stream()
        .map(HostView::name)
        .filter(name -> !MEMBERS.contains(name.text()))
        .forEach(name -> control.ratoon("host", "maintenance", name.text(), "on"));
    control.ratoon(
        "cache", "add-share", "vm-cache", "--path", share.toString(), "--cluster", "west");
    awaitShare(
        "both hosts to find the share",
        view -> view.hosts().stream().allMatch(h -> h.state() == ShareState.READY));

    control.ratoon("vm", "deploy", "first", "--image", "small");

    String bringer = control.vm("first").host().orElseThrow().text();
    String other = MEMBERS.stream().filter(name -> !name.equals(bringer)).findFirst().orElseThrow();
    awaitShare(
        "the base on the share",
        view -> view.bases().stream().anyMatch(base -> base.state() == ReplicaState.READY));
    control.ratoon("host", "maintenance", bringer, "on");
    RatoonHost.await(
        "the other host to count as having it",
        () ->
            control.bases().stream()
                .flatMap(base -> base.replicas().stream())
                .filter(replica -> replica.cache().equals("vm-cache"))
                .filter(replica -> replica.hosts().size() == MEMBERS.size())
                .findFirst());
    long before = received(other);

    control.ratoon("vm", "deploy", "shared", "--image", "small", "--count", "3");

    assertThat(received(other) - before).as("bytes on the other's cable").isLessThan(2 << 20);
    List<VmView> vms =
        control.vms().stream().filter(vm -> !vm.name().text().equals("first")).toList();
    assertThat(vms)
        .hasSize(3)
        .allSatisfy(vm -> {
          assertThat(vm.host().orElseThrow().text()).isEqualTo(other);
          assertThat(vm.disks().getFirst().basePath().orElseThrow()).startsWith(share.toString());
          control.awaitUserland(vm.name().text());
        });
    assertThat(host(other).run("/bin/ls", "-A", "/srv/ratoon/cache").split("\n"))
        .containsExactly("incoming", "lock");
    assertThat(control.tryRatoon("cache", "remove-share", "vm-cache").exit()).isEqualTo(4);

    run("fsfreeze", "-f", share.toString());
    control.ratoon("vm", "deploy", "aside", "--image", "noise", "--memory", "96M");
    ShareView hangs =
        awaitShare("the hang to be said", view -> stateOn(view, other) == ShareState.STALLED);
    assertThat(hangs.hosts()).anySatisfy(each -> assertThat(each.vms()).hasSize(3));
    assertThat(control.vm("aside").disks().getFirst().basePath().orElseThrow())
        .startsWith("/srv/ratoon/cache");
    for (VmView vm : vms) {
      assertThat(control.vm(vm.name().text()).state()).isEqualTo(VmState.RUNNING);
    }
    run("fsfreeze", "-u", share.toString());
    awaitShare("the share to be back", view -> stateOn(view, other) == ShareState.READY);
    Optional<String> why =
        control.hosts().stream()
            .filter(each -> each.name().text().equals(other))
            .flatMap(each -> each.problem().stream())
            .map(Object::toString)
            .findFirst();
    assertThat(why).isEmpty();
  }
}
