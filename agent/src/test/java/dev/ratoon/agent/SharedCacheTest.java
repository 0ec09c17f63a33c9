package dev.ratoon.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.cache.share.MountedFiles;
import dev.ratoon.cache.share.ShareTimes;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.model.ShareKind;
import dev.ratoon.model.ShareState;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredShare;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.DiskReport;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.ShareReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two hosts that share a folder; the first alone has the base in its own cache. */
class SharedCacheTest {
  private static final ShareTimes TIMES =
      new ShareTimes(
          Duration.ofSeconds(5), Duration.ofMillis(50), Duration.ofSeconds(20), Duration.ZERO);

  @TempDir Path work;
  private Host first;
  private Host second;
  private Path root;
  private Hanging hanging;

  @BeforeEach
  void boot() throws IOException {
    root = Files.createDirectory(work.resolve("share"));
    hanging = new Hanging(new MountedFiles(root));
    first = new Host(work.resolve("first"));
    second = new Host(work.resolve("second"), first);
    first.shareFiles(TIMES, share -> new MountedFiles(root));
    second.shareFiles(TIMES, share -> hanging.files());
    first.boot();
    second.boot();
  }

  @AfterEach
  void end() throws IOException {
    hanging.hang(false);
    first.close();
    second.close();
  }

  private DesiredShare share(Optional<String> marker, boolean fill) {
    return new DesiredShare(
        new EntityName("vm-cache"),
        ShareKind.MOUNTED,
        root.toString(),
        Optional.empty(),
        marker,
        true,
        fill ? List.of(first.image()) : List.of());
  }

  private static ShareReport share(HostReport report) {
    return report.shares().getFirst();
  }

  /** The first host prepares the share and puts the base there. */
  private void share() {
    first.wantShares(share(Optional.empty(), false));
    first.awaitHost(h -> !h.shares().isEmpty() && share(h).marker().isPresent());
    Optional<String> marker = share(first.lastReport()).marker();
    first.wantShares(share(marker, true));
    second.wantShares(share(marker, true));
    second.awaitHost(h -> h.replicas().stream().anyMatch(r -> r.cache().equals("vm-cache")));
  }

  @Test
  void aDeployOnAHostThatSharesTheCacheMovesNothing() throws IOException {
    share();
    assertThat(second.lastReport().replicas())
        .singleElement()
        .satisfies(replica -> {
          assertThat(replica.state()).isEqualTo(ReplicaState.READY);
          assertThat(Path.of(replica.path())).hasParentRaw(root);
        });
    VmId vm = second.deploy("web");
    List<DiskReport> disks = second.await(vm, VmState.RUNNING).disks();
    assertThat(disks)
        .singleElement()
        .satisfies(disk -> {
          assertThat(disk.copiedBytes()).isZero();
          assertThat(disk.basePath())
              .hasValueSatisfying(path -> assertThat(Path.of(path)).hasParentRaw(root));
          assertThat(Path.of(disk.path())).startsWith(second.folders().vms());
        });
    try (var own = Files.list(second.folders().home().resolve("cache"))) {
      assertThat(own.map(Path::getFileName).map(Path::toString))
          .containsExactlyInAnyOrder("incoming", "lock");
    }
    assertThat(first.await(first.deploy("db"), VmState.RUNNING).disks().getFirst().basePath())
        .as("a host's own base comes first")
        .hasValueSatisfying(path ->
            assertThat(path).startsWith(first.folders().home().resolve("cache").toString()));
  }

  @Test
  void aWholeCopyIsMadeFromTheShare() throws IOException {
    share();
    DesiredVm vm = second.vm("copy", DesiredPower.RUNNING, RestartPolicy.NEVER, false);
    second.want(vm);
    DiskReport disk = second.await(vm.id(), VmState.RUNNING).disks().getFirst();
    assertThat(disk.copiedBytes()).isPositive();
    assertThat(Files.mismatch(Path.of(disk.path()), first.base().path())).isEqualTo(-1);
  }

  @Test
  void vmsOnAShareThatHangsRunOnAndAreStartedAgainWhenItAnswers() {
    share();
    VmId runs = second.deploy("runs");
    VmId stopped = second.deploy("stopped");
    second.await(runs, VmState.RUNNING);
    second.await(stopped, VmState.RUNNING);
    second.power(stopped, DesiredPower.STOPPED);
    second.await(stopped, VmState.STOPPED);
    hanging.hang(true);
    second.awaitHost(h -> share(h).state() == ShareState.STALLED);
    assertThat(second.lastReport().replicas()).as("nothing new is placed on it").isEmpty();
    assertThat(share(second.lastReport()).problem().orElseThrow().detail())
        .contains("has not answered");
    second.awaitDomains(runs);
    assertThat(second.lastReport().vms())
        .allSatisfy(vm -> assertThat(vm.disks().getFirst().basePath()).isPresent());
    second.power(stopped, DesiredPower.RUNNING);
    second.awaitUnsettled(stopped, ErrorCode.SHARE_UNAVAILABLE);
    second.awaitDomains(runs);
    hanging.hang(false);
    second.await(stopped, VmState.RUNNING);
    second.awaitDomains(runs, stopped);
    second.awaitHost(h -> share(h).state() == ShareState.READY);
  }

  @Test
  void afterARestartWithoutAServerVmsStandOnTheShareAsBefore() {
    share();
    VmId vm = second.deploy("web");
    second.await(vm, VmState.RUNNING);
    second.serverIsAway(true);
    second.losePower();
    second.boot();
    second.awaitDomains(vm);
  }

  @Test
  void aVmWhoseBaseOnTheShareWasAlteredIsNotStarted() throws IOException {
    share();
    VmId vm = second.deploy("web");
    second.await(vm, VmState.RUNNING);
    second.power(vm, DesiredPower.STOPPED);
    second.await(vm, VmState.STOPPED);
    Path base = root.resolve(first.image() + ".flat.raw");
    Files.setPosixFilePermissions(
        base, java.nio.file.attribute.PosixFilePermissions.fromString("rw-------"));
    Files.writeString(base, "altered");
    second.power(vm, DesiredPower.RUNNING);
    assertThat(second.await(vm, VmState.FAILED).problem().orElseThrow().code())
        .isEqualTo(ErrorCode.BASE_ALTERED);
    second.awaitHost(h -> h.replicas().stream().anyMatch(r -> r.state() == ReplicaState.SUSPECT));
  }
}
