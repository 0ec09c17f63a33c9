package dev.ratoon.app.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.model.ShareKind;
import dev.ratoon.model.ShareState;
import dev.ratoon.protocol.CacheEndpoints;
import dev.ratoon.protocol.VmEndpoints;
import dev.ratoon.protocol.api.CachePlanView;
import dev.ratoon.protocol.api.CachePolicy;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.ShareFill;
import dev.ratoon.protocol.api.ShareRequest;
import dev.ratoon.protocol.api.ShareView;
import dev.ratoon.protocol.api.VmView;
import dev.ratoon.protocol.client.Params;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real server, real agents and a real folder that they share: base disks leave it by policy. */
final class LeavingShareFleetTest {
  private static final Params SHARE = Params.of("share", "nas");

  @TempDir Path folder;
  private SmallFleet fleet;
  private Path root;
  private DiskId base;

  @BeforeEach
  void start() throws IOException {
    fleet = new SmallFleet(folder, 3);
    root = Files.createDirectory(folder.resolve("share"));
    byte[] content = new byte[3 << 20];
    new Random(27).nextBytes(content);
    base = fleet.image("debian", content, fleet.host(1));
    ShareView _ =
        fleet.api.call(
            CacheEndpoints.SHARE_ADD,
            Params.NONE,
            new ShareRequest(
                new EntityName("nas"),
                ShareKind.MOUNTED,
                root.toString(),
                List.of(),
                Optional.empty(),
                Optional.empty()));
    SmallFleet.await(
        "the share on all hosts",
        () ->
            fleet.api.call(CacheEndpoints.SHARE_SHOW, SHARE).hosts().stream()
                .allMatch(host -> host.state() == ShareState.READY));
    // The lease is taken by the deploy, and the base put on the share behind it.
    VmView first = fleet.deploy("first", Optional.of("debian"), fleet.host(2));
    SmallFleet.await("the base on the share", this::isOnShare);
    purge(first);
    var _ =
        fleet.api.call(
            CacheEndpoints.CACHE_POLICY_SET,
            SHARE,
            new CachePolicy(
                Optional.of(0), Optional.empty(), Optional.empty(), Optional.empty(), List.of()));
  }

  @AfterEach
  void end() throws IOException {
    fleet.close();
  }

  private boolean isOnShare() {
    return fleet.api.call(CacheEndpoints.SHARE_SHOW, SHARE).bases().stream()
        .anyMatch(there -> there.diskId().equals(base) && there.state() == ReplicaState.READY);
  }

  private void purge(VmView vm) {
    Params id = Params.of("vm", vm.id());
    assertThat(fleet.ended(fleet.api.call(VmEndpoints.VM_DELETE, id)).problem()).isEmpty();
    assertThat(fleet.ended(fleet.api.call(VmEndpoints.VM_PURGE, id)).problem()).isEmpty();
  }

  private List<OperationView> clean() {
    return fleet.api.list(CacheEndpoints.CACHE_CLEAN, SHARE);
  }

  private CachePlanView.Base planned() {
    return fleet.api.list(CacheEndpoints.CACHE_PLAN, SHARE).getFirst().bases().getFirst();
  }

  private void awaitPlanned() {
    SmallFleet.await("the plan, which is " + planned(), () -> planned().leaves());
  }

  private Path content() {
    return root.resolve(base + ".flat.raw");
  }

  @Test
  void aBaseStaysForAVmInTheTrashAndLeavesWhenThatIsPurged() throws IOException {
    VmView vm = fleet.deploy("web", Optional.of("debian"), fleet.host(3));
    assertThat(vm.disks().getFirst().basePath()).hasValue(content().toString());
    assertThat(
            fleet.ended(fleet.api.call(VmEndpoints.VM_DELETE, Params.of("vm", vm.id()))).problem())
        .isEmpty();
    SmallFleet.await(
        "the trash in the plan",
        () -> planned().why().contains("VM web in the trash stands on it"));
    assertThat(clean()).isEmpty();
    assertThat(
            fleet.ended(fleet.api.call(VmEndpoints.VM_PURGE, Params.of("vm", vm.id()))).problem())
        .isEmpty();

    awaitPlanned();
    OperationView left = fleet.ended(clean().getFirst());

    assertThat(left.problem()).isEmpty();
    assertThat(left.state()).isEqualTo(OperationState.DONE);
    assertThat(content()).doesNotExist();
    assertThat(root.resolve(base + ".manifest")).doesNotExist();
    SmallFleet.await("no base on the share", () -> !isOnShare());
    assertThat(root.resolve("incoming")).isEmptyDirectory();
  }

  @Test
  void hostsAndServerThatAreStartedAnewMeanwhileGoOn() {
    awaitPlanned();
    OperationView asked = clean().getFirst();
    fleet.restartServer();
    fleet.host(1).end();
    fleet.host(1).boot();
    fleet.host(3).end();
    fleet.host(3).boot();

    OperationView left = fleet.ended(asked);

    assertThat(left.problem()).isEmpty();
    assertThat(content()).doesNotExist();
    // Whoever wants it again brings it anew.
    ShareView _ =
        fleet.api.call(CacheEndpoints.SHARE_FILL, SHARE, new ShareFill(ImageRef.parse("debian")));
    SmallFleet.await("the base on the share again", this::isOnShare);
  }
}
