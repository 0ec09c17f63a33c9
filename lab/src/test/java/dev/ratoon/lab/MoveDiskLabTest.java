package dev.ratoon.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.OperationId;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.ShareState;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.VmView;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A real guest that writes checksummed files all the time, see {@link LayersLabTest}, whose disk
 * moves between the caches of its host, and what is left when somebody dies in the middle of it.
 */
class MoveDiskLabTest {
  private static final String SHARE = "/srv/vm-cache";
  private static final String OWN = "/srv/ratoon/cache";

  /** The command line needs the first of it to begin at all. */
  private static final int EARLIEST_MILLIS = 250;

  private static final int LONGEST_MILLIS = 1500;

  private final Lab lab = Lab.shared();
  private final RatoonHost host = lab.host;
  private final Random random = new Random(3);

  @BeforeEach
  void addShare() {
    host.run("/bin/mkdir", "-p", SHARE);
    host.ratoon("cache", "add-share", "vm-cache", "--path", SHARE);
    RatoonHost.await(
        "the share to be ready",
        () ->
            host.shares().stream()
                .filter(share ->
                    share.hosts().stream().allMatch(each -> each.state() == ShareState.READY))
                .findFirst());
    host.ratoon("vm", "deploy", "moves", "--image", "small");
    host.awaitUserland("moves");
    host.guest("moves", LayersLabTest.WRITER);
  }

  @AfterEach
  void deleteVms() {
    for (VmView vm : host.vms()) {
      host.tryRatoon("vm", "delete", vm.name().text(), "--yes");
    }
    host.tryRatoon("trash", "empty", "--yes");
    host.tryRatoon("cache", "remove-share", "vm-cache");
  }

  @Test
  void aDiskMovesUnderAGuestThatWritesWhoeverDiesMeanwhile() {
    assertThat(host.ratoon("vm", "move-disk", "moves", "--to-cache", "vm-cache", "--dry-run"))
        .contains(SHARE, "come first", "the guest runs on");
    for (String who : List.of("nobody", "ratoon", "libvirtd")) {
      for (String cache : List.of("vm-cache", "local")) {
        int before = files();
        List<OperationId> known = moves().map(OperationView::id).toList();
        CompletableFuture<Shell.Result> moving =
            CompletableFuture.supplyAsync(
                () -> host.tryRatoon("vm", "move-disk", "moves", "--to-cache", cache));
        die(who);
        moving.join();
        host.awaitQuiet();
        boolean done =
            moves()
                .filter(move -> !known.contains(move.id()))
                .anyMatch(move -> move.state() == OperationState.DONE);
        if (!done) {
          // Killed before it was asked for, or libvirt was away for too long: it is as it was.
          host.ratoon("vm", "move-disk", "moves", "--to-cache", cache);
        }
        assertThat(host.vm("moves").state()).isEqualTo(VmState.RUNNING);
        assertThat(host.vm("moves").disks().getFirst().basePath().orElseThrow())
            .startsWith(cache.equals("local") ? OWN : SHARE);
        assertThat(files()).isGreaterThan(before);
        assertOneFile();
      }
    }
    host.ratoon("vm", "stop", "moves", "--now");
    host.ratoon("vm", "move-disk", "moves", "--parent-path", SHARE);
    assertOneFile();
    host.run(
        "/usr/bin/qemu-img", "check", host.vm("moves").disks().getFirst().path().orElseThrow());
    host.ratoon("vm", "start", "moves");
    host.awaitBoot("moves", 2);
    assertThat(files()).isPositive();
  }

  private Stream<OperationView> moves() {
    return host.operations().stream()
        .filter(operation -> operation.kind() == OperationKind.MOVE_DISK);
  }

  /** How many files the guest has; all of them are right. */
  private int files() {
    String said = host.guest("moves", LayersLabTest.CHECK);
    assertThat(said).doesNotContain("bad ");
    return Integer.parseInt(said.substring(said.lastIndexOf(' ') + 1).strip());
  }

  private void assertOneFile() {
    String folder = "/srv/ratoon/vms/" + host.vm("moves").id();
    assertThat(host.run("/bin/sh", "-c", "ls " + folder + " | grep -c disk-").strip())
        .isEqualTo("1");
  }

  private void die(String who) {
    LockSupport.parkNanos(
        TimeUnit.MILLISECONDS.toNanos(EARLIEST_MILLIS + random.nextInt(LONGEST_MILLIS)));
    switch (who) {
      case "ratoon" -> {
        host.killRatoon();
        host.ratoon("up");
      }
      case "libvirtd" -> {
        lab.fleet.killLibvirtd(1);
        lab.fleet.startLibvirtd(1);
      }
      default -> {}
    }
  }
}
