package dev.ratoon.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.OperationKind;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.VmView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Wrong input, things that die, and what is left afterwards. */
class FaultTest {
  private static final int KILLS = Integer.getInteger("ratoon.kills", 2);
  private static final int LONGEST_DEPLOY_MILLIS = 900;

  private final Lab lab = Lab.shared();
  private final RatoonHost host = lab.host;

  @AfterEach
  void deleteVms() {
    for (VmView vm : host.vms()) {
      host.ratoon("vm", "delete", vm.name().text(), "--yes");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "text,      not-an-image",
    "empty,     not-an-image",
    "truncated, image-truncated",
    "backing,   image-refers-outside",
    "data,      image-refers-outside",
  })
  void aBadFileIsRefusedWithItsCodeAndLeavesNothing(String kind, String code) throws IOException {
    String file = "/srv/bad-" + kind;
    switch (kind) {
      case "text" -> Files.writeString(host.outside(file), "not a disk\n".repeat(100));
      case "empty" -> Files.createFile(host.outside(file));
      case "truncated" ->
          host.run("/bin/sh", "-c", "head -c 3000000 " + lab.smallImage + " >" + file);
      case "backing" ->
          host.run(
              "/usr/bin/qemu-img",
              "create",
              "-u",
              "-f",
              "qcow2",
              "-b",
              "/etc/shadow",
              "-F",
              "raw",
              file,
              "1M");
      default ->
          host.run(
              "/usr/bin/qemu-img",
              "create",
              "-f",
              "qcow2",
              "-o",
              "data_file=/srv/victim,data_file_raw=on",
              file,
              "1M");
    }

    Shell.Result refused = host.tryRatoon("image", "add", "bad", file);

    assertThat(refused.exit()).isNotZero();
    assertThat(refused.err()).contains("(" + code + ")").doesNotContain("Exception", "\tat ");
    assertThat(host.images()).extracting(i -> i.image().toString()).doesNotContain("bad:latest");
    assertThat(host.home().resolve("cache/incoming")).isEmptyDirectory();
  }

  @Test
  void aTakenNameIsRefused() {
    host.ratoon("vm", "deploy", "one", "--image", "small", "--paused");

    Shell.Result refused = host.tryRatoon("vm", "deploy", "one", "--image", "small");

    assertThat(refused.exit()).isEqualTo(4);
    assertThat(refused.err()).contains("(name-taken)");
    assertThat(host.vms()).hasSize(1);
  }

  @Test
  void memoryThatTheHostLacksIsRefusedWithTheReason() {
    Shell.Result refused =
        host.tryRatoon("vm", "deploy", "huge", "--image", "small", "--memory", "900G");

    assertThat(refused.exit()).isEqualTo(4);
    assertThat(refused.err()).contains("(no-host-fits)", "needs 900 GiB of memory");
    assertThat(host.vms()).isEmpty();
  }

  @Test
  void anImageInUseIsNotDeletedAndItsUsersAreNamed() {
    host.ratoon("vm", "deploy", "user", "--image", "small", "--paused");

    Shell.Result refused = host.tryRatoon("image", "delete", "small");

    assertThat(refused.exit()).isEqualTo(4);
    assertThat(refused.err()).contains("(in-use)", "user");
  }

  @Test
  void withoutLibvirtdADeployIsRefusedAndVmsRunOn() {
    host.ratoon("vm", "deploy", "steady", "--image", "small");
    host.awaitUserland("steady");
    lab.fleet.killLibvirtd(1);
    try {
      awaitHypervisor(false);
      Shell.Result refused = host.tryRatoon("vm", "deploy", "late", "--image", "small");
      assertThat(refused.exit()).isNotZero();
      assertThat(refused.err()).contains("(no-host-fits)", "hypervisor");
    } finally {
      lab.fleet.startLibvirtd(1);
    }
    awaitHypervisor(true);
    assertThat(host.guest("steady", "echo alive")).isEqualTo("alive");
    host.ratoon("vm", "deploy", "late", "--image", "small", "--paused");
    assertThat(host.domainsOf("steady")).isEqualTo(1);
  }

  @Test
  void ratoonKilledDuringDeploysFinishesThemAndStartsNoVmTwice() {
    Random random = new Random(7);
    for (int i = 0; i < KILLS; i++) {
      String name = "kill" + i;
      CompletableFuture<Shell.Result> deploy =
          CompletableFuture.supplyAsync(() ->
              host.tryRatoon("vm", "deploy", name, "--image", "small", "--count", "3", "--paused"));
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextInt(LONGEST_DEPLOY_MILLIS)));
      host.killRatoon();
      deploy.join();
      host.ratoon("up");
      host.awaitQuiet();

      List<VmView> vms =
          host.vms().stream().filter(v -> v.name().text().startsWith(name + "-")).toList();
      assertThat(vms.size()).isIn(0, 3);
      for (VmView vm : vms) {
        assertThat(vm.state()).as("%s %s", vm.name(), vm.problem()).isEqualTo(VmState.PAUSED);
        assertThat(host.domainsOf(vm.name().text())).isEqualTo(1);
        host.run("/usr/bin/qemu-img", "check", "-U", vm.disks().getFirst().path().orElseThrow());
      }
      assertThat(folders("vms")).hasSize(host.vms().size());
      for (VmView vm : vms) {
        host.ratoon("vm", "delete", vm.name().text(), "--yes");
      }
    }
  }

  @Test
  void ratoonKilledDuringAnImportUndoesIt() {
    host.run("/bin/sh", "-c", "head -c 268435456 /dev/urandom >/srv/big.raw");
    Random random = new Random(8);
    for (int i = 0; i < KILLS; i++) {
      CompletableFuture<Shell.Result> add =
          CompletableFuture.supplyAsync(
              () -> host.tryRatoon("image", "add", "big", "/srv/big.raw"));
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(200 + random.nextInt(1500)));
      host.killRatoon();
      add.join();
      host.ratoon("up");

      assertThat(
              host.operations().stream()
                  .filter(o -> o.kind() == OperationKind.IMPORT)
                  .map(OperationView::state))
          .doesNotContain(OperationState.RUNNING);
      assertThat(host.home().resolve("cache/incoming")).isEmptyDirectory();
      if (host.images().stream().anyMatch(image -> image.image().toString().equals("big:latest"))) {
        String path =
            host.bases().stream()
                .filter(b -> b.images().toString().contains("big"))
                .findFirst()
                .orElseThrow()
                .replicas()
                .getFirst()
                .path();
        host.run("/usr/bin/cmp", path, "/srv/big.raw");
        host.ratoon("image", "delete", "big");
      }
    }
  }

  @Test
  void ratoonKilledDuringDeletesFinishesThem() {
    Random random = new Random(9);
    for (int i = 0; i < KILLS; i++) {
      String name = "gone" + i;
      host.ratoon("vm", "deploy", name, "--image", "small", "--paused");
      CompletableFuture<Shell.Result> delete =
          CompletableFuture.supplyAsync(() -> host.tryRatoon("vm", "delete", name, "--yes"));
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextInt(LONGEST_DEPLOY_MILLIS)));
      host.killRatoon();
      delete.join();
      host.ratoon("up");
      host.awaitQuiet();

      boolean there = host.vms().stream().anyMatch(v -> v.name().text().equals(name));
      if (there) {
        assertThat(host.domainsOf(name)).isEqualTo(1);
      } else {
        host.ratoon("vm", "undelete", name);
        host.ratoon("vm", "start", name);
        assertThat(host.vm(name).state()).isEqualTo(VmState.RUNNING);
      }
    }
  }

  @Test
  void aBaseAlteredBehindOurBackStopsDeploysOnItAndIsMendedByImportingAgain() {
    String base = host.bases().getFirst().replicas().getFirst().path();
    host.run("/usr/bin/chattr", "-i", base);
    host.run(
        "/bin/sh",
        "-c",
        "printf X | dd of=" + base + " bs=1 seek=1000000 conv=notrunc status=none");

    Shell.Result refused = host.tryRatoon("vm", "deploy", "onaltered", "--image", "small");

    assertThat(refused.exit()).isNotZero();
    assertThat(refused.err()).contains("(base-altered)", base);
    assertThat(folders("vms")).isEmpty();
    host.ratoon("image", "add", "again", lab.smallImage.toString());
    host.ratoon("image", "delete", "again");
    host.ratoon("vm", "start", "onaltered");
    host.awaitUserland("onaltered");
  }

  @Test
  void afterPowerLossVmsComeBackByTheirPolicyWithTheirData() {
    host.ratoon("vm", "deploy", "comes", "--image", "small", "--restart", "always");
    host.ratoon("vm", "deploy", "stays", "--image", "small", "--restart", "never");
    host.awaitUserland("comes");
    host.guest("comes", "echo kept > /data; sync");

    lab.fleet.kill(1);
    lab.fleet.boot(1);
    host.ratoon("up");

    host.awaitBoot("comes", 2);
    assertThat(host.guest("comes", "cat /data")).isEqualTo("kept");
    assertThat(host.domainsOf("comes")).isEqualTo(1);
    assertThat(host.vm("stays").state()).isEqualTo(VmState.FAILED);
    assertThat(host.vm("stays").problem().orElseThrow().code().code()).isEqualTo("domain-lost");
    host.ratoon("vm", "start", "stays");
    host.awaitUserland("stays");
  }

  private void awaitHypervisor(boolean well) {
    RatoonHost.await(
        "the hypervisor to be known as " + (well ? "well" : "gone"),
        () ->
            host.hosts().getFirst().problem().isEmpty() == well
                ? Optional.of(true)
                : Optional.empty());
  }

  private List<Path> folders(String place) {
    try (var files = Files.list(host.home().resolve(place))) {
      return files.toList();
    } catch (IOException unreadable) {
      throw new AssertionError(unreadable);
    }
  }
}
