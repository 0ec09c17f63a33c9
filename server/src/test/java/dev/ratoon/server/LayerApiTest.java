package dev.ratoon.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.OperationStep;
import dev.ratoon.model.Problem;
import dev.ratoon.model.ShareKind;
import dev.ratoon.model.ShareState;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredLayering;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.LayerTask;
import dev.ratoon.protocol.agent.LayeringReport;
import dev.ratoon.protocol.agent.ShareReport;
import dev.ratoon.protocol.api.CloneRequest;
import dev.ratoon.protocol.api.ImageFromVmRequest;
import dev.ratoon.protocol.api.ImageView;
import dev.ratoon.protocol.api.MoveDiskRequest;
import dev.ratoon.protocol.api.MoveDiskView;
import dev.ratoon.protocol.api.MoveFileRequest;
import dev.ratoon.protocol.api.MoveFileView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.RebaseRequest;
import dev.ratoon.protocol.api.RevertRequest;
import dev.ratoon.protocol.api.ShareRequest;
import dev.ratoon.protocol.api.SnapshotRequest;
import dev.ratoon.protocol.api.SnapshotView;
import dev.ratoon.protocol.api.StopRequest;
import dev.ratoon.protocol.api.VmView;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is made of VMs' disks as layers, as the server sees to it. */
final class LayerApiTest {
  private static final int IMAGE_BYTES = 1 << 20;
  private static final DiskId FROZEN = new DiskId("f0".repeat(32));
  private static final Instant WHEN = Instant.ofEpochSecond(1_800_000_100);

  @TempDir Path home;
  private TestServer server;
  private FakeAgent agent;
  private DiskId base;

  @BeforeEach
  void start() throws Exception {
    server = TestServer.start(home);
    agent = FakeAgent.on(server);
    agent.obey();
    byte[] disk = new byte[IMAGE_BYTES];
    disk[510] = 0x55;
    server.ended(
        server.upload("/v1/images?image=tiny&file=tiny.raw", disk).as(OperationView.class));
    base = server.get("/v1/images/tiny").as(ImageView.class).diskId();
    deploy("web");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private void deploy(String name) throws Exception {
    Reply begun =
        server.post(
            "/v1/vms",
            "{\"name\": \"%s\", \"count\": 1, \"disks\": [{\"image\": \"tiny\"}]}".formatted(name));
    assertThat(begun.status()).as(begun.body()).isEqualTo(202);
    agent.obey();
    assertThat(server.ended(begun.list(OperationView.class).getFirst()).state())
        .isEqualTo(OperationState.DONE);
  }

  private OperationView ask(String path, Object body) throws Exception {
    Reply begun = server.post(path, body);
    assertThat(begun.status()).as(begun.body()).isEqualTo(202);
    return begun.as(OperationView.class);
  }

  private static CloneRequest clones(String name, int count, boolean full) {
    return new CloneRequest(new EntityName(name), count, full, false, false, Optional.empty());
  }

  private void hostSays(DesiredDisk disk) {
    agent.layering =
        wish ->
            Optional.of(
                new LayeringReport(
                    wish.revision(),
                    true,
                    List.of(OperationStep.waiting("freeze")),
                    Optional.empty(),
                    List.of(disk),
                    Optional.of(WHEN),
                    false,
                    Optional.empty()));
  }

  private void hostFails(Problem problem, DesiredDisk disk) {
    agent.layering =
        wish ->
            Optional.of(
                new LayeringReport(
                    wish.revision(),
                    true,
                    List.of(),
                    Optional.of(problem),
                    List.of(disk),
                    Optional.empty(),
                    false,
                    Optional.empty()));
  }

  private static DesiredDisk frozen() {
    return new DesiredDisk(
        Optional.of(FROZEN), IMAGE_BYTES, true, Optional.empty(), Optional.of(1));
  }

  private DesiredVm desired(String name) {
    return agent.vms.values().stream()
        .filter(vm -> vm.name().text().equals(name))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void clonesAreDeployedOnWhatTheirOriginWasFrozenTo() throws Exception {
    OperationView cloning = ask("/v1/vms/web/clones", clones("copy", 2, false));
    assertThat(cloning.kind()).isEqualTo(OperationKind.CLONE);
    agent.obey();
    DesiredLayering wish = desired("web").layering().orElseThrow();
    assertThat(wish.task()).isEqualTo(LayerTask.FREEZE);
    assertThat(now(cloning).state()).isEqualTo(OperationState.RUNNING);

    hostSays(frozen());
    agent.report();

    OperationView done = server.ended(cloning);
    assertThat(done.problem()).isEmpty();
    assertThat(done.result()).contains("copy-1, copy-2");
    agent.obey();
    assertThat(desired("web").layering()).isEmpty();
    assertThat(desired("web").disks()).containsExactly(frozen());
    DesiredVm first = desired("copy-1");
    assertThat(first.disks())
        .containsExactly(new DesiredDisk(Optional.of(FROZEN), IMAGE_BYTES, true));
    assertThat(first.nics().getFirst().mac())
        .isNotEqualTo(desired("web").nics().getFirst().mac())
        .isNotEqualTo(desired("copy-2").nics().getFirst().mac());
    assertThat(first.layering()).isEmpty();
    VmView view = server.get("/v1/vms/copy-1").as(VmView.class);
    assertThat(view.disks().getFirst().image()).contains(ImageRef.parse("tiny"));
    assertThat(view.disks().getFirst().base()).contains(FROZEN);
  }

  @Test
  void aFullCloneStartsAndIsThenFlattenedByAnOperationOfItsOwn() throws Exception {
    ask("/v1/vms/web/clones", clones("copy", 1, true));
    hostSays(frozen());
    agent.obey();
    agent.layering = wish -> Optional.empty();
    agent.obey();
    assertThat(desired("copy").layering().orElseThrow().task()).isEqualTo(LayerTask.FLATTEN);
    OperationView flattening = newest(OperationKind.FLATTEN);
    assertThat(flattening.subject()).isEqualTo("copy");
    assertThat(flattening.state()).isEqualTo(OperationState.RUNNING);

    hostSays(
        new DesiredDisk(Optional.empty(), IMAGE_BYTES, true, Optional.empty(), Optional.of(1)));
    agent.report();

    assertThat(server.ended(flattening).result()).contains("its disks stand alone");
    agent.obey();
    assertThat(desired("copy").disks().getFirst().base()).isEmpty();
  }

  @Test
  void aFullClonesFlattenThatFailsBeforeItsDeployIsHeardOfIsSaidToo() throws Exception {
    ask("/v1/vms/web/clones", clones("copy", 1, true));
    hostSays(frozen());
    agent.obey();
    Problem full = Problem.of(ErrorCode.DISK_FULL, "flattening").detail("It is full.");
    hostFails(full, frozen());
    agent.obey();

    OperationView flattening = server.ended(newest(OperationKind.FLATTEN));
    assertThat(flattening.subject()).isEqualTo("copy");
    assertThat(flattening.problem()).contains(full);
    assertThat(newest(OperationKind.DEPLOY).state()).isEqualTo(OperationState.DONE);
    agent.obey();
    assertThat(desired("copy").layering()).isEmpty();
    assertThat(desired("copy").disks()).containsExactly(frozen());
  }

  @Test
  void aVmsDiskBecomesAnImage() throws Exception {
    OperationView making =
        ask("/v1/vms/web/image", new ImageFromVmRequest(ImageRef.parse("web:1"), 0, false));
    hostSays(frozen());
    agent.obey();

    assertThat(server.ended(making).state()).isEqualTo(OperationState.DONE);
    ImageView image = server.get("/v1/images/web:1").as(ImageView.class);
    assertThat(image.diskId()).isEqualTo(FROZEN);
    assertThat(image.sourceFormat()).isEqualTo("vm");
    assertThat(image.usedBy()).containsExactly("web");
    Reply again =
        server.post("/v1/vms/web/image", new ImageFromVmRequest(ImageRef.parse("web:1"), 0, false));
    assertThat(again.problem().code()).isEqualTo(ErrorCode.NAME_TAKEN);
  }

  @Test
  void statesAreRememberedRevertedToAndForgotten() throws Exception {
    OperationView taking =
        ask("/v1/vms/web/snapshots", new SnapshotRequest(new EntityName("before"), true));
    agent.obey();
    assertThat(desired("web").layering().orElseThrow().quiesce()).isTrue();
    hostSays(frozen());
    agent.report();
    assertThat(server.ended(taking).result().orElseThrow()).contains("power loss");
    SnapshotView snapshot = server.get("/v1/vms/web/snapshots").list(SnapshotView.class).getFirst();
    assertThat(snapshot.name()).isEqualTo(new EntityName("before"));
    assertThat(snapshot.at()).isEqualTo(WHEN);
    assertThat(snapshot.bases()).containsExactly(Optional.of(FROZEN));
    agent.obey();

    String revert = "/v1/vms/web/snapshots/before/revert";
    assertThat(server.post(revert, new RevertRequest(false)).problem().code())
        .isEqualTo(ErrorCode.WRONG_STATE);
    OperationView reverting = ask(revert, new RevertRequest(true));
    agent.layering = wish -> Optional.empty();
    agent.obey();
    DesiredLayering wish = desired("web").layering().orElseThrow();
    assertThat(wish.task()).isEqualTo(LayerTask.RENEW);
    assertThat(wish.disks().getFirst().base()).contains(FROZEN);
    assertThat(now(reverting).state()).isEqualTo(OperationState.RUNNING);
    hostSays(frozen().inNextFile());
    agent.report();
    assertThat(server.ended(reverting).state()).isEqualTo(OperationState.DONE);
    agent.obey();
    assertThat(desired("web").disks().getFirst().generation()).contains(2);

    assertThat(server.delete("/v1/vms/web/snapshots/before").status()).isEqualTo(200);
    assertThat(server.get("/v1/vms/web/snapshots").list(SnapshotView.class)).isEmpty();
    assertThat(server.delete("/v1/vms/web/snapshots/before").status()).isEqualTo(404);
  }

  @Test
  void nobodyWorksAtAVmOfWhichADiskCannotBeFound() throws Exception {
    agent.missing = Optional.of("its file is not there");
    agent.report();
    for (Reply refused :
        List.of(
            server.post(
                "/v1/vms/web/snapshots", new SnapshotRequest(new EntityName("before"), false)),
            server.post("/v1/vms/web/migration", "{}"))) {
      assertThat(refused.problem().code()).isEqualTo(ErrorCode.WRONG_STATE);
      assertThat(refused.problem().detail()).contains("disk-0.qcow2: its file is not there.");
    }
    agent.missing = Optional.empty();
    agent.report();
    assertThat(
            ask("/v1/vms/web/snapshots", new SnapshotRequest(new EntityName("before"), false))
                .state())
        .isEqualTo(OperationState.RUNNING);
  }

  @Test
  void whatTheHostCannotDoIsSaidAndItsDisksAreFollowed() throws Exception {
    OperationView cloning = ask("/v1/vms/web/clones", clones("copy", 1, false));
    Problem full = Problem.of(ErrorCode.DISK_FULL, "publishing").detail("It is full.");
    hostFails(
        full,
        new DesiredDisk(Optional.of(base), IMAGE_BYTES, true, Optional.empty(), Optional.of(1)));
    agent.obey();

    OperationView failed = server.ended(cloning);
    assertThat(failed.problem()).contains(full);
    assertThat(server.get("/v1/vms/copy").status()).isEqualTo(404);
    agent.obey();
    assertThat(desired("web").disks().getFirst().generation()).contains(1);
    assertThat(desired("web").layering()).isEmpty();
  }

  @Test
  void aCloneWhoseNameIsTakenMeanwhileIsRefusedAndTheRestIsLeft() throws Exception {
    OperationView cloning = ask("/v1/vms/web/clones", clones("copy", 1, false));
    agent.obey();
    deploy("copy");
    hostSays(frozen());
    agent.report();

    assertThat(server.ended(cloning).problem().orElseThrow().code())
        .isEqualTo(ErrorCode.NAME_TAKEN);
    agent.obey();
    assertThat(desired("copy").disks().getFirst().base()).contains(base);
    assertThat(desired("web").disks()).containsExactly(frozen());
  }

  @Test
  void aServerThatIsKilledHearsOfItAgain() throws Exception {
    OperationView cloning = ask("/v1/vms/web/clones", clones("copy", 1, false));
    agent.obey();
    server = server.restart();
    agent.connect(server);
    assertThat(now(cloning).state()).isEqualTo(OperationState.RUNNING);
    hostSays(frozen());
    agent.report();

    assertThat(server.ended(cloning).state()).isEqualTo(OperationState.DONE);
    assertThat(server.get("/v1/vms/copy").status()).isEqualTo(200);
  }

  @Test
  void aDeletedVmIsLeftAloneWhenItComesBack() throws Exception {
    OperationView cloning = ask("/v1/vms/web/clones", clones("copy", 1, false));
    agent.obey();
    OperationView deleting = server.delete("/v1/vms/web").as(OperationView.class);
    agent.obey();
    assertThat(server.ended(cloning).state()).isEqualTo(OperationState.FAILED);
    server.ended(deleting);
    ask("/v1/vms/web/undelete", "");
    agent.obey();

    assertThat(desired("web").layering()).isEmpty();
  }

  @Test
  void onlyAStoppedVmIsRebasedAndOnlyItsFirstDisk() throws Exception {
    RebaseRequest request =
        new RebaseRequest(ImageRef.parse("tiny"), RebaseRequest.Changes.KEEP_CONTENT);
    assertThat(server.post("/v1/vms/web/rebase", request).problem().code())
        .isEqualTo(ErrorCode.WRONG_STATE);
    server.post("/v1/vms/web/stop", new StopRequest(0));
    agent.obey();
    OperationView rebasing = ask("/v1/vms/web/rebase", request);
    agent.obey();
    DesiredLayering wish = desired("web").layering().orElseThrow();
    assertThat(wish.task()).isEqualTo(LayerTask.REBASE);
    assertThat(wish.only()).contains(0);
    hostSays(new DesiredDisk(Optional.of(base), IMAGE_BYTES, true));
    agent.report();
    assertThat(server.ended(rebasing).state()).isEqualTo(OperationState.DONE);
  }

  @Test
  void aDiskMovesToAnotherCacheOfItsHost() throws Exception {
    mountShare();
    MoveDiskRequest request = new MoveDiskRequest(Optional.empty(), "vm-cache");

    OperationView moving = ask("/v1/vms/web/move-disk", request);
    agent.obey();
    DesiredLayering wish = desired("web").layering().orElseThrow();
    assertThat(wish.task()).isEqualTo(LayerTask.MOVE);
    assertThat(wish.only()).isEmpty();
    assertThat(wish.disks().getFirst().base()).contains(base);
    assertThat(wish.disks().getFirst().parentPath()).contains("/mnt/vm-cache");
    hostSays(new DesiredDisk(Optional.of(base), IMAGE_BYTES, true).inNextFile());
    agent.report();

    OperationView ended = server.ended(moving);
    assertThat(ended.state()).isEqualTo(OperationState.DONE);
    assertThat(ended.kind()).isEqualTo(OperationKind.MOVE_DISK);
    assertThat(ended.result()).contains("its disks stand on /cache/" + base);
    agent.obey();
    assertThat(desired("web").layering()).isEmpty();
    assertThat(desired("web").disks().getFirst().filesBefore()).isEqualTo(1);
  }

  @Test
  void aPlanOfAMoveSaysWhatWouldBeCopied() throws Exception {
    mountShare();
    agent.bases.add(base);
    agent.report();

    MoveDiskView there = plan(new MoveDiskRequest(Optional.of(0), MoveDiskRequest.LOCAL));
    MoveDiskView other = plan(new MoveDiskRequest(Optional.empty(), "/mnt/vm-cache"));

    assertThat(there.folder()).isEqualTo("/cache");
    assertThat(there.disks().getFirst().to()).contains("/cache/" + base);
    assertThat(there.disks().getFirst().copiedBytes()).isZero();
    assertThat(other.running()).isTrue();
    assertThat(other.disks().getFirst().from()).contains("/cache/" + base);
    assertThat(other.disks().getFirst().to()).isEmpty();
    assertThat(other.disks().getFirst().broughtBytes()).isEqualTo(1 << 20);
    assertThat(other.disks().getFirst().copiedBytes()).isEqualTo(196_608);
    assertThat(desired("web").layering()).isEmpty();
  }

  @Test
  void theFilesOfAVmMoveToAnotherFolderOfItsHost() throws Exception {
    Reply refused =
        server.post("/v1/vms/web/move-file", new MoveFileRequest(Optional.empty(), "/srv/fast"));
    assertThat(refused.problem().code()).isEqualTo(ErrorCode.WRONG_STATE);
    assertThat(refused.problem().problem().next()).contains("ratoon agent disk-folder add");
    agent.diskFolders = List.of("/vms", "/srv/fast");
    agent.report();
    MoveFileView plan =
        server
            .post("/v1/vms/web/move-file/plan", new MoveFileRequest(Optional.empty(), "/srv/fast"))
            .as(MoveFileView.class);
    assertThat(plan.running()).isTrue();
    assertThat(plan.disks().getFirst().copiedBytes()).isEqualTo(196_608);

    OperationView moving =
        ask("/v1/vms/web/move-file", new MoveFileRequest(Optional.of(0), "/srv/fast"));
    agent.obey();
    DesiredLayering wish = desired("web").layering().orElseThrow();
    assertThat(wish.task()).isEqualTo(LayerTask.MOVE_FILE);
    assertThat(wish.disks().getFirst().folder()).contains("/srv/fast");
    hostSays(wish.disks().getFirst().inNextFile());
    agent.report();

    assertThat(server.ended(moving).result().orElseThrow()).startsWith("its disks are /vms/");
    agent.obey();
    assertThat(desired("web").disks().getFirst().folder()).contains("/srv/fast");
    OperationView back =
        ask("/v1/vms/web/move-file", new MoveFileRequest(Optional.empty(), "/vms"));
    agent.obey();
    assertThat(back.kind()).isEqualTo(OperationKind.MOVE_DISK);
    assertThat(desired("web").layering().orElseThrow().disks().getFirst().folder())
        .as("home")
        .isEmpty();
  }

  @Test
  void aDiskDoesNotMoveToWhatIsNoCacheOfItsHost() throws Exception {
    for (String cache : List.of("absent", "/etc", "/cache/..")) {
      Reply refused = server.post("/v1/vms/web/move-disk", "{\"cache\": \"%s\"}".formatted(cache));
      assertThat(refused.problem().code())
          .as(cache)
          .isIn(ErrorCode.WRONG_STATE, ErrorCode.INVALID_VALUE);
    }
    assertThat(
            server
                .post("/v1/vms/web/move-disk", new MoveDiskRequest(Optional.empty(), "absent"))
                .problem()
                .detail())
        .contains("host-1", "local (/cache)");
    assertThat(
            server
                .post("/v1/vms/web/move-disk", new MoveDiskRequest(Optional.of(3), "local"))
                .problem()
                .code())
        .isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(desired("web").layering()).isEmpty();
  }

  private MoveDiskView plan(MoveDiskRequest request) throws Exception {
    Reply said = server.post("/v1/vms/web/move-disk/plan", request);
    assertThat(said.status()).as(said.body()).isEqualTo(200);
    return said.as(MoveDiskView.class);
  }

  /** Its host sees a share. */
  private void mountShare() throws Exception {
    Reply added =
        server.post(
            "/v1/shares",
            new ShareRequest(
                new EntityName("vm-cache"),
                ShareKind.MOUNTED,
                "/mnt/vm-cache",
                List.of(),
                Optional.empty(),
                Optional.empty()));
    assertThat(added.status()).as(added.body()).isLessThan(300);
    agent.shares =
        List.of(
            new ShareReport(
                new EntityName("vm-cache"),
                ShareState.READY,
                Optional.empty(),
                Optional.of("marker"),
                1 << 30,
                List.of()));
    agent.obey();
  }

  @Test
  void whileOneIsUnderWayNothingElseIsDoneToTheVm() throws Exception {
    ask("/v1/vms/web/clones", clones("copy", 1, false));
    assertThat(server.post("/v1/vms/web/stop", new StopRequest(0)).problem().code())
        .isEqualTo(ErrorCode.WRONG_STATE);
    assertThat(server.post("/v1/vms/web/flatten", "").problem().code())
        .isEqualTo(ErrorCode.WRONG_STATE);
  }

  private OperationView now(OperationView operation) throws Exception {
    return server.get("/v1/operations/" + operation.id()).as(OperationView.class);
  }

  private OperationView newest(OperationKind kind) throws Exception {
    return server.get("/v1/operations").list(OperationView.class).stream()
        .filter(each -> each.kind() == kind)
        .findFirst()
        .orElseThrow();
  }
}
