package dev.ratoon.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.OperationState;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.VmView;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Clones, snapshots and flattening of real guests that write all the time, and what is left when
 * somebody dies in the middle of it.
 *
 * <p>The guest writes files of random bytes, each whole on its disk before it is given a name with
 * its own checksum in it. So at any moment a disk holds all files that were named until then, and
 * every file that has a name is right.
 */
class LayersLabTest {
  private static final int KILLS = Integer.getInteger("ratoon.kills", 1);

  private static final int LONGEST_MILLIS = 1200;
  private static final int CLONES = 20;

  private static final String WRITER =
      "mkdir -p /d; (n=0; while :; do n=$((n+1)); dd if=/dev/urandom of=/d/t bs=16k count=2"
          + " 2>/dev/null; sync; s=$(sha256sum </d/t | cut -c1-64); mv /d/t /d/$n.$s;"
          + " sleep 0.3; done) & until ls /d/*.* >/dev/null 2>&1; do sleep 0.3; done";

  /** One program for all files: under emulation each costs as much as reading many of them. */
  private static final String CHECK =
      "(sha256sum /d/*.* || echo - unreadable) | (c=0; while read s f; do case $f in *.$s) c=$((c+1));;"
          + " *) echo bad $f;; esac; done; echo files $c)";

  private final Lab lab = Lab.shared();
  private final RatoonHost host = lab.host;

  @AfterEach
  void deleteVms() {
    for (VmView vm : host.vms()) {
      host.tryRatoon("vm", "delete", vm.name().text(), "--yes");
    }
  }

  private void deployWriter(String name) {
    host.ratoon("vm", "deploy", name, "--image", "small");
    host.awaitUserland(name);
    host.guest(name, WRITER);
  }

  /** How many files the guest has; all of them are right. */
  private int files(String vm) {
    String said = host.guest(vm, CHECK);
    assertThat(said).doesNotContain("bad ");
    return Integer.parseInt(said.substring(said.lastIndexOf(' ') + 1).strip());
  }

  @Test
  void cloneOfARunningVmHasWhatWasWrittenAndBothGoOn() {
    deployWriter("origin");
    int before = files("origin");

    host.ratoon("vm", "clone", "origin", "copy", "--count", "2");

    host.awaitUserland("copy-1");
    host.awaitUserland("copy-2");
    assertThat(files("copy-1")).isGreaterThanOrEqualTo(before);
    assertThat(files("copy-2")).isGreaterThanOrEqualTo(before);
    assertThat(files("origin")).isGreaterThan(before);
    assertThat(host.guest("copy-1", "hostname")).isEqualTo("copy-1");
    assertThat(host.vm("copy-1").networks().getFirst().mac())
        .isNotEqualTo(host.vm("origin").networks().getFirst().mac());
    assertThat(host.vm("copy-1").disks().getFirst().copiedBytes()).isZero();
    host.guest("copy-1", "echo mine > /mine; sync");
    host.ratoon("vm", "stop", "origin", "--now");
    host.ratoon("vm", "start", "origin");
    host.awaitBoot("origin", 2);
    assertThat(host.guest("origin", "ls /mine 2>/dev/null; echo none")).isEqualTo("none");
    assertThat(files("origin")).isGreaterThan(before);
    assertSound("origin");
  }

  @Test
  void twentyLinkedClonesOfOneVm() {
    deployWriter("origin");
    host.guest("origin", "echo kept > /kept; sync");

    host.ratoon("vm", "clone", "origin", "many", "--count", String.valueOf(CLONES), "--paused");

    List<VmView> clones =
        host.vms().stream().filter(vm -> vm.name().text().startsWith("many-")).toList();
    assertThat(clones).hasSize(CLONES).allMatch(vm -> vm.state() == VmState.PAUSED);
    assertThat(clones.stream().map(vm -> vm.disks().getFirst().basePath()).distinct()).hasSize(1);
    assertThat(clones.stream().mapToLong(vm -> vm.disks().getFirst().storedBytes()).sum())
        .isLessThan((CLONES * 512L) << 10);
    host.ratoon("vm", "start", "many-7");
    host.awaitUserland("many-7");
    assertThat(host.guest("many-7", "cat /kept")).isEqualTo("kept");
  }

  @Test
  void aFullCloneRunsAtOnceAndComesToStandAlone() {
    deployWriter("origin");
    host.guest("origin", "echo kept > /kept; sync");

    host.ratoon("vm", "clone", "origin", "whole", "--full");
    host.awaitUserland("whole");
    host.awaitQuiet();

    assertThat(host.vm("whole").disks().getFirst().base()).isEmpty();
    assertThat(host.vm("whole").disks().getFirst().basePath()).isEmpty();
    assertThat(host.guest("whole", "cat /kept")).isEqualTo("kept");
    host.ratoon("vm", "stop", "whole");
    host.ratoon("vm", "start", "whole");
    host.awaitBoot("whole", 3);
    assertThat(host.guest("whole", "cat /kept")).isEqualTo("kept");
  }

  @Test
  void aVmGoesBackToWhatItWas() {
    deployWriter("origin");
    host.guest("origin", "echo good > /state; sync");
    int before = files("origin");
    host.ratoon("vm", "snapshot", "create", "origin", "good");
    host.guest("origin", "echo bad > /state; sync");
    assertThat(host.ratoon("vm", "snapshot", "list", "origin")).contains("good", "power loss");
    assertThat(host.tryRatoon("vm", "snapshot", "revert", "origin", "good").err())
        .contains("(wrong-state)", "--stop");

    host.ratoon("vm", "snapshot", "revert", "origin", "good", "--stop");
    host.ratoon("vm", "start", "origin");
    host.awaitBoot("origin", 2);

    assertThat(host.guest("origin", "cat /state")).isEqualTo("good");
    assertThat(files("origin")).isGreaterThanOrEqualTo(before);
    assertSound("origin");
  }

  @Test
  void uefiGuestsAreClonedWithTheirVariables() throws Exception {
    host.ratoon(
        "vm", "deploy", "uefi", "--image", "small", "--firmware", "uefi", "--memory", "256M");
    host.awaitUserland("uefi");

    host.ratoon("vm", "clone", "uefi", "uefi-copy");

    host.awaitUserland("uefi-copy");
    assertThat(host.guest("uefi-copy", "test -d /sys/firmware/efi && echo yes")).isEqualTo("yes");
    assertThat(
            Files.mismatch(
                host.home().resolve("vms/" + host.vm("uefi").id() + "/vars.fd"),
                host.home().resolve("vms/" + host.vm("uefi-copy").id() + "/vars.fd")))
        .as("same size, and nearly the same content")
        .isNotZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"ratoon", "libvirtd"})
  void whoeverDiesWhileAVmIsClonedNothingIsLost(String who) {
    Random random = new Random(who.hashCode());
    deployWriter("origin");
    for (int i = 0; i < KILLS; i++) {
      int before = files("origin");
      String name = "copy" + i;
      CompletableFuture<Shell.Result> cloning =
          CompletableFuture.supplyAsync(() -> host.tryRatoon("vm", "clone", "origin", name));

      die(who, cloning, random.nextInt(LONGEST_MILLIS));

      cloning.join();
      host.awaitQuiet();
      assertThat(files("origin")).isGreaterThanOrEqualTo(before);
      if (isThere(name)) {
        host.tryRatoon("vm", "start", name);
        host.awaitUserland(name);
        assertThat(files(name)).isGreaterThanOrEqualTo(before);
        host.ratoon("vm", "delete", name, "--yes");
      }
    }
    host.ratoon("vm", "stop", "origin", "--now");
    host.ratoon("vm", "start", "origin");
    host.awaitBoot("origin", 2);
    assertThat(files("origin")).isPositive();
    assertSound("origin");
    assertThat(host.home().resolve("cache/incoming")).isEmptyDirectory();
  }

  @ParameterizedTest
  @ValueSource(strings = {"ratoon", "libvirtd"})
  void whoeverDiesWhileAVmIsFlattenedNothingIsLost(String who) {
    Random random = new Random(who.hashCode() + 1);
    deployWriter("origin");
    int before = files("origin");
    CompletableFuture<Shell.Result> flattening =
        CompletableFuture.supplyAsync(() -> host.tryRatoon("vm", "flatten", "origin"));

    die(who, flattening, random.nextInt(LONGEST_MILLIS));

    flattening.join();
    host.awaitQuiet();
    assertThat(files("origin")).isGreaterThanOrEqualTo(before);
    host.ratoon("vm", "stop", "origin", "--now");
    host.ratoon("vm", "start", "origin");
    host.awaitBoot("origin", 2);
    assertThat(files("origin")).isGreaterThanOrEqualTo(before);
    assertSound("origin");
  }

  @Test
  void whoeverDiesWhileAVmIsRevertedItIsOneOfTheTwo() {
    Random random = new Random(7);
    deployWriter("origin");
    host.guest("origin", "echo good > /state; sync");
    host.ratoon("vm", "snapshot", "create", "origin", "good");
    host.guest("origin", "echo later > /state; sync");
    CompletableFuture<Shell.Result> reverting =
        CompletableFuture.supplyAsync(
            () -> host.tryRatoon("vm", "snapshot", "revert", "origin", "good", "--stop"));

    die("ratoon", reverting, random.nextInt(LONGEST_MILLIS));

    reverting.join();
    host.awaitQuiet();
    if (host.vm("origin").state() == VmState.RUNNING) { // killed before it was stopped
      host.ratoon("vm", "stop", "origin", "--now");
    }
    host.ratoon("vm", "start", "origin");
    host.awaitBoot("origin", 2);
    boolean done =
        host.operations().stream()
            .filter(operation -> operation.kind().name().equals("REVERT"))
            .findFirst()
            .map(OperationView::state)
            .filter(state -> state == OperationState.DONE)
            .isPresent();
    assertThat(host.guest("origin", "cat /state")).isEqualTo(done ? "good" : "later");
    assertSound("origin");
  }

  /** Ends somebody so long after what the command asks for has begun. */
  private void die(String who, CompletableFuture<Shell.Result> command, int afterMillis) {
    RatoonHost.await(
        "the operation to begin",
        () ->
            command.isDone()
                    || host.operations().stream()
                        .anyMatch(each -> each.state() == OperationState.RUNNING)
                ? Optional.of(true)
                : Optional.empty());
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(afterMillis));
    if (who.equals("ratoon")) {
      host.killRatoon();
      host.ratoon("up");
    } else {
      lab.fleet.killLibvirtd(1);
      lab.fleet.startLibvirtd(1);
    }
  }

  private boolean isThere(String vm) {
    return host.vms().stream().anyMatch(each -> each.name().text().equals(vm));
  }

  /** Its disk is one file on one base of the cache, both as QEMU's own tools want them. */
  private void assertSound(String vm) {
    host.ratoon("vm", "stop", vm, "--now");
    VmView view = host.vm(vm);
    String disk = view.disks().getFirst().path().orElseThrow();
    host.run("/usr/bin/qemu-img", "check", disk);
    view.disks()
        .getFirst()
        .basePath()
        .ifPresent(base -> assertThat(base).startsWith("/srv/ratoon/cache/"));
    assertThat(
            host.run("/bin/sh", "-c", "ls /srv/ratoon/vms/" + view.id() + " | grep -c disk-")
                .strip())
        .isEqualTo("1");
  }
}
