package dev.ratoon.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.CloudInit;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.GroupRule;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.Layout;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.PlacementPreset;
import dev.ratoon.model.Problem;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.agent.ReplicaReport;
import dev.ratoon.protocol.api.DeployRequest;
import dev.ratoon.protocol.api.DiskRequest;
import dev.ratoon.protocol.api.HostChange;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.api.ImageView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.PlaceRequest;
import dev.ratoon.protocol.api.PlacementSettings;
import dev.ratoon.protocol.api.PlacementView;
import dev.ratoon.protocol.api.QuotaView;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.protocol.api.TenantQuota;
import dev.ratoon.protocol.api.VmView;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where VMs would go, where they may go, and why they went there. */
final class PlacementApiTest {
  private static final int IMAGE_BYTES = 64 << 20;

  @TempDir Path home;
  private TestServer server;
  private FakeAgent first;
  private FakeAgent second;
  private DiskId base;

  @BeforeEach
  void start() throws Exception {
    server = TestServer.start(home);
    first = FakeAgent.on(server);
    first.obey();
    second = new FakeAgent("host-2", server.server.link());
    second.obey();
    byte[] disk = new byte[IMAGE_BYTES];
    new java.util.Random(1).nextBytes(disk);
    Reply added = server.upload("/v1/images?image=tiny&file=tiny.raw", disk);
    server.ended(added.as(OperationView.class));
    base = server.get("/v1/images/tiny").as(ImageView.class).diskId();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private static DeployRequest vms(String name, int count, Optional<PlaceRequest> place) {
    return new DeployRequest(
        new EntityName(name),
        count,
        List.of(
            new DiskRequest(
                Optional.of(ImageRef.parse("tiny")), Optional.empty(), Optional.empty())),
        1,
        Optional.of(512L << 20),
        List.of(new NetworkAttachment.User()),
        Optional.empty(),
        RestartPolicy.ON_FAILURE,
        CloudInit.NONE,
        Optional.empty(),
        false,
        place);
  }

  @Test
  void aTenantGetsNoMoreThanItMayHave() throws Exception {
    server.put(
        "/v1/quota",
        new TenantQuota(Optional.of(3L), Optional.of(2L << 30), Optional.of(4L * IMAGE_BYTES)));
    VmView kept = deployed(vms("a", 1, Optional.empty()));
    VmView deleted = deployed(vms("b", 1, Optional.empty()));
    first.obey();
    second.obey();
    server.delete("/v1/vms/b");
    first.obey();
    second.obey();
    QuotaView quota = server.get("/v1/quota").as(QuotaView.class);
    assertThat(quota.vms()).isEqualTo(1);
    assertThat(quota.memoryBytes()).isEqualTo(512L << 20);
    assertThat(quota.diskBytes()).isEqualTo(2L * IMAGE_BYTES);
    assertThat(kept.name()).isEqualTo(new EntityName("a"));

    Problem shown = tried(vms("c", 3, Optional.empty())).problem().orElseThrow();
    Problem refused = server.post("/v1/vms", vms("c", 3, Optional.empty())).problem().problem();
    for (Problem problem : List.of(shown, refused)) {
      assertThat(problem.code()).isEqualTo(ErrorCode.QUOTA_EXCEEDED);
      assertThat(problem.detail())
          .contains("the quota allows 2 more VMs, not 3")
          .contains("the quota allows disks of 128 MiB more, not 3 times 64 MiB")
          .doesNotContain("memory");
    }
    server.put(
        "/v1/quota", new TenantQuota(Optional.empty(), Optional.of(512L << 20), Optional.empty()));
    assertThat(server.post("/v1/vms/" + deleted.id() + "/undelete", "").problem().code())
        .isEqualTo(ErrorCode.QUOTA_EXCEEDED);
    server.put("/v1/quota", TenantQuota.NONE);
    assertThat(tried(vms("c", 3, Optional.empty())).problem()).isEmpty();
  }

  private static PlaceRequest in(
      List<String> hosts, Optional<String> cluster, List<String> tags, Optional<String> apart) {
    return new PlaceRequest(
        hosts,
        cluster.map(EntityName::new),
        tags,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        apart.map(EntityName::new),
        apart.map(_ -> GroupRule.APART));
  }

  private PlacementView tried(DeployRequest request) throws Exception {
    Reply reply = server.post("/v1/placements", request);
    assertThat(reply.status()).as(reply.body()).isEqualTo(200);
    return reply.as(PlacementView.class);
  }

  private VmView deployed(DeployRequest request) throws Exception {
    Reply reply = server.post("/v1/vms", request);
    assertThat(reply.status()).as(reply.body()).isEqualTo(202);
    return server.get("/v1/vms/" + request.name()).as(VmView.class);
  }

  private ReplicaReport replica(ReplicaState state, int percent) {
    return new ReplicaReport(
        base,
        Layout.FLAT,
        state,
        "/cache/" + base + ".flat.raw",
        IMAGE_BYTES,
        (long) IMAGE_BYTES * percent / 100,
        percent,
        Optional.empty(),
        "");
  }

  @Test
  void hostsAreRankedByWhatTheyLackAndNothingIsChanged() throws Exception {
    second.replicas = List.of(replica(ReplicaState.READY, 100));
    second.report();

    PlacementView view = tried(vms("web", 3, Optional.empty()));

    assertThat(view.problem()).isEmpty();
    assertThat(view.hosts().stream().map(t -> t.name().text())).containsExactly("host-2", "host-1");
    PlacementView.Target warm = view.hosts().getFirst();
    PlacementView.Target cold = view.hosts().getLast();
    assertThat(warm.stars()).isEqualTo(5);
    assertThat(warm.bytesToMove()).isZero();
    assertThat(warm.reasons()).contains("has the base disk");
    assertThat(warm.disks().getFirst().parentPath()).contains("/cache/" + base + ".flat.raw");
    assertThat(warm.disks().getFirst().fixed()).isTrue();
    assertThat(cold.bytesToMove()).isBetween((long) IMAGE_BYTES, IMAGE_BYTES + (1L << 20));
    assertThat(cold.disks().getFirst().fixed()).isFalse();
    assertThat(cold.seconds()).isGreaterThan(warm.seconds());
    assertThat(warm.chosen() + cold.chosen()).isEqualTo(3);
    assertThat(server.get("/v1/vms").list(VmView.class)).isEmpty();
  }

  private static DeployRequest on(String name, String parentPath) {
    DeployRequest any = vms(name, 1, Optional.empty());
    return new DeployRequest(
        any.name(),
        1,
        List.of(
            new DiskRequest(
                any.disks().getFirst().image(),
                Optional.empty(),
                Optional.empty(),
                Optional.of(parentPath))),
        any.cpus(),
        any.memoryBytes(),
        any.networks(),
        any.firmware(),
        any.restart(),
        any.cloudInit(),
        any.differencing(),
        false,
        Optional.empty());
  }

  @Test
  void aBaseGoesToTheChosenCacheAndStaysWhereItIs() throws Exception {
    assertThat(tried(vms("web", 1, Optional.empty())).hosts())
        .allSatisfy(
            host -> assertThat(host.disks().getFirst().choices()).containsExactly("/cache"));
    second.replicas = List.of(replica(ReplicaState.READY, 100));
    second.report();

    PlacementView own = tried(on("web", "/cache"));
    PlacementView file = tried(on("web", "/cache/" + base + ".flat.raw"));
    PlacementView elsewhere = tried(on("web", "/srv"));

    assertThat(own.hosts()).hasSize(2);
    assertThat(own.hosts().getFirst().disks().getFirst().fixed()).isTrue();
    assertThat(own.hosts().getLast().disks().getFirst().choices()).containsExactly("/cache");
    assertThat(file.hosts()).singleElement().matches(host -> host.name().text().equals("host-2"));
    assertThat(elsewhere.hosts()).isEmpty();
    assertThat(elsewhere.refused().stream().flatMap(refusal -> refusal.reasons().stream()))
        .containsExactlyInAnyOrder(
            "has no cache at /srv (it has: /cache)",
            "has the base disk already, at /cache/" + base + ".flat.raw, not at /srv");
    VmView vm = deployed(on("web", "/cache"));
    second.obey();
    assertThat(Objects.requireNonNull(second.vms.get(vm.id())).disks().getFirst().parentPath())
        .contains("/cache");
    String bad = Json.write(on("bad", "/cache")).replace("\"/cache\"", "\"/cache/../etc\"");
    assertThat(server.post("/v1/vms", bad).problem().code()).isEqualTo(ErrorCode.INVALID_VALUE);
  }

  @Test
  void hostsTellWhatTheirProcessorsCanDo() throws Exception {
    assertThat(server.get("/v1/hosts/host-1").as(HostView.class).cpuLevel()).contains(2);
    PlaceRequest third =
        new PlaceRequest(
            List.of(),
            Optional.empty(),
            List.of(),
            Optional.of("x86_64"),
            Optional.of(3),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());
    assertThat(tried(vms("web", 1, Optional.of(third))).refused())
        .allSatisfy(refusal ->
            assertThat(refusal.reasons())
                .containsExactly("its processors have level 2, the VM needs 3"));
  }

  @Test
  void whyAHostWasChosenStaysWithTheVm() throws Exception {
    second.replicas = List.of(replica(ReplicaState.ARRIVING, 50));
    second.report();

    VmView vm = deployed(vms("web", 1, Optional.empty()));

    assertThat(vm.host()).contains(new EntityName("host-2"));
    assertThat(vm.placed().orElseThrow().reasons())
        .anyMatch(reason -> reason.startsWith("the base disk is on its way: 0."));
    server = server.restart();
    assertThat(server.get("/v1/vms/web").as(VmView.class).placed()).isEqualTo(vm.placed());
  }

  @Test
  void vmsGoOnlyWhereTheyMay() throws Exception {
    change(
        "host-1",
        new HostChange(
            Optional.of("west"), Optional.of(List.of("ssd")), Optional.empty(), Optional.empty()));
    second.replicas = List.of(replica(ReplicaState.READY, 100));
    second.report();

    assertThat(host(in(List.of(), Optional.of("west"), List.of(), Optional.empty()), "a"))
        .isEqualTo("host-1");
    assertThat(host(in(List.of("host-2"), Optional.empty(), List.of(), Optional.empty()), "b"))
        .isEqualTo("host-2");
    assertThat(host(in(List.of(), Optional.empty(), List.of("ssd"), Optional.empty()), "c"))
        .isEqualTo("host-1");
    Reply nowhere =
        server.post(
            "/v1/vms",
            vms(
                "d",
                1,
                Optional.of(
                    in(List.of("host-2"), Optional.of("west"), List.of(), Optional.empty()))));
    assertThat(nowhere.status()).isEqualTo(409);
    assertThat(nowhere.body())
        .contains(
            "Host host-1: is not among the hosts that were named.",
            "Host host-2: is in no cluster, not in 'west'.");
    assertThat(
            server
                .post(
                    "/v1/placements",
                    vms(
                        "d",
                        1,
                        Optional.of(
                            in(List.of(), Optional.of("east"), List.of(), Optional.empty()))))
                .status())
        .isEqualTo(404);
  }

  private String host(PlaceRequest place, String name) throws Exception {
    return deployed(vms(name, 1, Optional.of(place))).host().orElseThrow().text();
  }

  private void change(String host, HostChange change) throws Exception {
    assertThat(server.post("/v1/hosts/" + host, change).status()).isEqualTo(200);
  }

  @Test
  void aGroupIsKeptApartAlsoByLaterDeploys() throws Exception {
    PlaceRequest apart = in(List.of(), Optional.empty(), List.of(), Optional.of("web"));
    VmView one = deployed(vms("one", 1, Optional.of(apart)));
    VmView two = deployed(vms("two", 1, Optional.of(apart)));

    assertThat(one.host()).isNotEqualTo(two.host());
    assertThat(one.group()).contains(new EntityName("web"));
    PlacementView third = tried(vms("three", 1, Optional.of(apart)));
    assertThat(third.problem().orElseThrow().detail())
        .contains("has a VM of the group 'web', which are kept apart");
    assertThat(third.refused()).hasSize(2);
  }

  @Test
  void processorsMayBePromisedAsOftenAsIsSet() throws Exception {
    place(new PlacementSettings(Optional.empty(), List.of(), 0.5, 0));

    PlacementView view = tried(vms("web", 9, Optional.empty()));

    assertThat(view.problem().orElseThrow().detail())
        .contains("There is room for 8 of the VMs only", "0 of 4 that may be promised are left");
    assertThat(tried(vms("web", 8, Optional.empty())).problem()).isEmpty();
  }

  @Test
  void weightsAreSetForTheFleetAndForClusters() throws Exception {
    change(
        "host-1",
        new HostChange(Optional.of("west"), Optional.empty(), Optional.empty(), Optional.empty()));
    change(
        "host-2",
        new HostChange(Optional.of("west"), Optional.empty(), Optional.empty(), Optional.empty()));
    String fuller = deployed(vms("there", 1, Optional.empty())).host().orElseThrow().text();
    second.replicas = List.of(replica(ReplicaState.READY, 100));
    second.report();
    first.replicas = second.replicas;
    first.report();

    assertThat(tried(vms("web", 1, Optional.empty())).hosts().getFirst().name().text())
        .isNotEqualTo(fuller);
    place(
        new PlacementSettings(
            Optional.empty(),
            List.of(
                new PlacementSettings.Cluster(
                    new EntityName("west"),
                    Optional.of(new dev.ratoon.model.PlacementWeights(0, -10, 0, 0, 0)),
                    Optional.empty())),
            0,
            0));
    PlacementView packed = tried(vms("web", 1, Optional.empty()));
    assertThat(packed.hosts().getFirst().name().text()).isEqualTo(fuller);
    assertThat(packed.clusters()).hasSize(1);
    assertThat(packed.clusters().getFirst().fitting()).isEqualTo(1);
    assertThat(PlacementPreset.PACK.weights().memory()).isNegative();
  }

  private void place(PlacementSettings placement) throws Exception {
    Settings settings =
        new Settings(true, 72, 1.0, Optional.empty(), Optional.empty(), Optional.of(placement));
    assertThat(server.put("/v1/settings", settings).status()).isEqualTo(200);
  }
}
