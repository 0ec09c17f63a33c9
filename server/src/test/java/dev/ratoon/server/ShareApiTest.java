package dev.ratoon.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Layout;
import dev.ratoon.model.Problem;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.model.ShareKind;
import dev.ratoon.model.ShareState;
import dev.ratoon.protocol.agent.DesiredShare;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.ReplicaReport;
import dev.ratoon.protocol.agent.ShareCredentials;
import dev.ratoon.protocol.agent.ShareReport;
import dev.ratoon.protocol.agent.Whereabouts;
import dev.ratoon.protocol.api.BaseView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.ShareRequest;
import dev.ratoon.protocol.api.ShareView;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Shared caches, as operators and hosts see them. */
final class ShareApiTest {
  private static final EntityName SHARE = new EntityName("vm-cache");
  private static final String MARKER = "5b6c0ac5-0c3a-4a4f-9d3e-0e2f6f1f7a10";

  @TempDir Path home;
  private TestServer server;
  private FakeAgent one;
  private FakeAgent two;

  @BeforeEach
  void start() throws Exception {
    server = TestServer.start(home);
    one = FakeAgent.on(server);
    two = new FakeAgent("host-2", server.server.link());
    server.server.attach(two.host, two);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private Reply add(String location, List<String> hosts) throws Exception {
    return server.post(
        "/v1/shares",
        new ShareRequest(
            SHARE, ShareKind.MOUNTED, location, hosts, Optional.empty(), Optional.empty()));
  }

  private static DesiredShare share(Optional<DesiredState> state) {
    return state.orElseThrow().shares().getFirst();
  }

  private static ShareReport found(ShareState state, Optional<Problem> why, DiskId... bases) {
    return new ShareReport(
        SHARE,
        state,
        why,
        Optional.of(MARKER),
        1 << 30,
        List.of(bases).stream()
            .map(id ->
                new ShareReport.Base(
                    id, ReplicaState.READY, 1 << 20, 1 << 19, 100, Optional.empty()))
            .toList());
  }

  private DiskId image() throws Exception {
    byte[] disk = new byte[1 << 20];
    disk[5] = 7;
    OperationView added =
        server
            .upload("/v1/images?image=tiny&file=tiny.raw&memory=67108864", disk)
            .as(OperationView.class);
    server.ended(added);
    return server.get("/v1/bases").list(BaseView.class).getFirst().diskId();
  }

  @Test
  void itsHostsAreToldAndTheFirstThatFindsItsMarkerTellsTheOthers() throws Exception {
    assertThat(one.obey()).isPresent();
    assertThat(two.obey()).isPresent();
    ShareView added = add("/mnt/vmCache", List.of()).as(ShareView.class);
    assertThat(added.hosts()).extracting(h -> h.state()).containsOnly(ShareState.PREPARING);
    DesiredShare ofOne = share(one.obey());
    DesiredShare ofTwo = share(two.obey());
    assertThat(ofOne.location()).isEqualTo("/mnt/vmCache");
    assertThat(List.of(ofOne.mayPrepare(), ofTwo.mayPrepare()))
        .as("one host alone may mark the folder")
        .containsExactlyInAnyOrder(true, false);
    assertThat(ofTwo.marker()).isEmpty();
    one.shares = List.of(found(ShareState.PREPARING, Optional.empty()));
    one.report();
    assertThat(share(two.obey()).marker()).contains(MARKER);
    assertThat(share(one.obey()).marker()).contains(MARKER);
    one.report();
    assertThat(one.look(Duration.ofMillis(1))).as("that was all").isEmpty();
  }

  @Test
  void aHostThatCannotUseItSaysWhy() throws Exception {
    add("/mnt/vmCache", List.of());
    Problem why =
        Problem.of(ErrorCode.SHARE_UNAVAILABLE, "looking at the share").detail("It hangs.");
    two.shares = List.of(found(ShareState.STALLED, Optional.of(why)));
    two.report();
    ShareView view = server.get("/v1/shares/vm-cache").as(ShareView.class);
    assertThat(view.hosts().getLast().state()).isEqualTo(ShareState.STALLED);
    assertThat(view.hosts().getLast().problem()).contains(why);
    assertThat(server.get("/v1/shares").list(ShareView.class)).containsExactly(view);
  }

  @Test
  void wrongRequestsAreRefused() throws Exception {
    assertThat(add("vmCache", List.of()).problem().code()).isEqualTo(ErrorCode.INVALID_VALUE);
    assertThat(add("/mnt/../etc", List.of()).problem().code()).isEqualTo(ErrorCode.INVALID_VALUE);
    assertThat(add("/", List.of()).problem().code()).isEqualTo(ErrorCode.INVALID_VALUE);
    assertThat(add("/mnt/a", List.of("host-9")).problem().code()).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(server.get("/v1/shares/none").problem().code()).isEqualTo(ErrorCode.NOT_FOUND);
    String smb =
        """
        {"name": "s", "kind": "smb", "location": "%s"%s}\
        """;
    String credentials =
        ", \"credentials\": {\"domain\": \"\", \"user\": \"u\", \"password\": \"p\"}";
    assertThat(server.post("/v1/shares", smb.formatted("//fs1/share", "")).problem().code())
        .isEqualTo(ErrorCode.INVALID_VALUE);
    assertThat(server.post("/v1/shares", smb.formatted("//fs1", credentials)).problem().code())
        .isEqualTo(ErrorCode.INVALID_VALUE);
    assertThat(add("/mnt/a", List.of("host-1")).status()).isEqualTo(200);
    assertThat(add("/mnt/b", List.of("host-1")).problem().code()).isEqualTo(ErrorCode.NAME_TAKEN);
  }

  @Test
  void credentialsGoToHostsAndToNobodyElse() throws Exception {
    ShareRequest request =
        new ShareRequest(
            SHARE,
            ShareKind.SMB,
            "\\\\fs1\\share\\vmCache",
            List.of("host-2"),
            Optional.empty(),
            Optional.of(new ShareCredentials("LAB", "ratoon", "s3cr3t-word")));
    assertThat(request.toString()).doesNotContain("s3cr3t-word");
    Reply added = server.post("/v1/shares", request);
    assertThat(added.as(ShareView.class).location()).isEqualTo("//fs1/share/vmCache");
    assertThat(added.as(ShareView.class).user()).contains("ratoon");
    assertThat(added.body()).doesNotContain("s3cr3t-word");
    assertThat(server.get("/v1/shares").body()).doesNotContain("s3cr3t-word");
    assertThat(share(two.obey()).credentials().orElseThrow().password()).isEqualTo("s3cr3t-word");
    assertThat(one.obey().orElseThrow().shares()).isEmpty();
  }

  @Test
  void hostsWithTheShareCountAsHavingItsBases() throws Exception {
    DiskId base = image();
    add("/mnt/vmCache", List.of());
    for (FakeAgent agent : List.of(one, two)) {
      agent.shares = List.of(found(ShareState.READY, Optional.empty(), base));
      agent.replicas =
          List.of(
              new ReplicaReport(
                  base,
                  Layout.FLAT,
                  ReplicaState.READY,
                  "/mnt/vmCache/" + base,
                  1 << 20,
                  1 << 19,
                  100,
                  Optional.empty(),
                  "vm-cache"));
      agent.report();
    }
    BaseView view = server.get("/v1/bases").list(BaseView.class).getFirst();
    assertThat(view.replicas())
        .singleElement()
        .satisfies(replica -> {
          assertThat(replica.cache()).isEqualTo("vm-cache");
          assertThat(replica.hosts())
              .extracting(EntityName::text)
              .containsExactly("host-1", "host-2");
        });
    ShareView share = server.get("/v1/shares/vm-cache").as(ShareView.class);
    assertThat(share.bases())
        .singleElement()
        .satisfies(there -> {
          assertThat(there.images()).hasSize(1);
          assertThat(there.state()).isEqualTo(ReplicaState.READY);
        });
  }

  @Test
  void aFillIsWantedOfHostsAndRefusedWhereNobodyCould() throws Exception {
    DiskId base = image();
    add("/mnt/vmCache", List.of());
    String body = "{\"image\": \"tiny\"}";
    assertThat(server.post("/v1/shares/vm-cache/bases", body).problem().code())
        .isEqualTo(ErrorCode.BASE_MISSING);
    one.bases.add(base);
    one.report();
    ShareView filled = server.post("/v1/shares/vm-cache/bases", body).as(ShareView.class);
    assertThat(filled.bases())
        .singleElement()
        .satisfies(there -> assertThat(there.state()).isEqualTo(ReplicaState.ARRIVING));
    assertThat(share(one.obey()).fill()).containsExactly(base);
    assertThat(server.post("/v1/shares/vm-cache/bases", body).status()).isEqualTo(200);
    assertThat(one.look(Duration.ofMillis(1))).as("it was wanted already").isEmpty();
    assertThat(server.post("/v1/shares/vm-cache/bases", "{\"image\": \"none\"}").problem().code())
        .isEqualTo(ErrorCode.NOT_FOUND);

    assertThat(server.delete("/v1/shares/vm-cache/bases/tiny").status()).isEqualTo(200);
    assertThat(server.delete("/v1/shares/vm-cache/bases/tiny").problem().code())
        .isEqualTo(ErrorCode.NOT_FOUND);
  }

  @Test
  void aShareOnWhichVmsStandIsNotRemoved() throws Exception {
    DiskId base = image();
    // As the fake hosts say, their VMs' bases are in /cache.
    add("/cache", List.of());
    one.bases.add(base);
    one.report();
    server.post("/v1/vms", "{\"name\": \"web\", \"disks\": [{\"image\": \"tiny\"}]}");
    assertThat(server.delete("/v1/shares/vm-cache").problem().detail())
        .as("not reported yet")
        .contains("web");
    assertThat(one.obey()).isPresent();
    Reply refused = server.delete("/v1/shares/vm-cache");
    assertThat(refused.problem().code()).isEqualTo(ErrorCode.IN_USE);
    assertThat(refused.problem().detail()).contains("web");
    assertThat(server.get("/v1/shares/vm-cache").as(ShareView.class).hosts().getFirst().vms())
        .extracting(EntityName::text)
        .containsExactly("web");
  }

  @Test
  void aRemovedShareIsTakenFromItsHosts() throws Exception {
    add("/mnt/vmCache", List.of());
    assertThat(one.obey().orElseThrow().shares()).hasSize(1);
    assertThat(server.delete("/v1/shares/vm-cache").status()).isEqualTo(200);
    assertThat(one.obey().orElseThrow().shares()).isEmpty();
    assertThat(server.get("/v1/shares").list(ShareView.class)).isEmpty();
  }

  @Test
  void aHostFetchesFromAShareThatItReadsItself() throws Exception {
    DiskId base = image();
    two.memoryBytes = 0;
    two.report();
    server.post("/v1/vms", "{\"name\": \"web\", \"disks\": [{\"image\": \"tiny\"}]}");
    one.shares = List.of(found(ShareState.READY, Optional.empty(), base));
    one.report();
    Whereabouts known = server.server.link().whereabouts(one.host, base);
    assertThat(known.sizeBytes()).isEqualTo(1 << 20);
    assertThat(known.places()).isEmpty();
  }

  @Test
  void aHostWithoutTheShareIsToldOfOneThatSeesIt() throws Exception {
    DiskId base = image();
    two.memoryBytes = 0;
    two.chunkAddress = Optional.of("10.0.0.2:7801");
    two.replicas =
        List.of(
            new ReplicaReport(
                base,
                Layout.FLAT,
                ReplicaState.READY,
                "/mnt/vmCache/" + base,
                1 << 20,
                1 << 19,
                100,
                Optional.empty(),
                "vm-cache"));
    two.report();
    server.post("/v1/vms", "{\"name\": \"web\", \"disks\": [{\"image\": \"tiny\"}]}");
    one.report();

    Whereabouts known = server.server.link().whereabouts(one.host, base);

    assertThat(known.places())
        .containsExactly(
            new Whereabouts.Place(two.host, "10.0.0.2:7801", Whereabouts.Kind.LIBRARY));
  }
}
