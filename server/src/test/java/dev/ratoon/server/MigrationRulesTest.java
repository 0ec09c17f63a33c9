package dev.ratoon.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.CloudInit;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.GroupRule;
import dev.ratoon.model.GuestHardware;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.protocol.api.DeployRequest;
import dev.ratoon.protocol.api.DiskRequest;
import dev.ratoon.protocol.api.HostChange;
import dev.ratoon.protocol.api.MigrateRequest;
import dev.ratoon.protocol.api.MigrationMode;
import dev.ratoon.protocol.api.MigrationView;
import dev.ratoon.protocol.api.PlaceRequest;
import dev.ratoon.protocol.api.PlacementSettings;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.protocol.api.VmView;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A VM that moves goes only where one like it could be deployed. */
final class MigrationRulesTest {
  @TempDir Path home;
  private TestServer server;
  private FakeAgent first;
  private FakeAgent second;
  private FakeAgent third;

  @BeforeEach
  void start() throws Exception {
    server = TestServer.start(home);
    first = FakeAgent.on(server);
    second = new FakeAgent("host-2", server.server.link());
    third = new FakeAgent("host-3", server.server.link());
    for (FakeAgent agent : all()) {
      agent.chunkAddress = Optional.of("10.0.0.2:7801");
      agent.obey();
      agent.report();
    }
  }

  private List<FakeAgent> all() {
    return List.of(first, second, third);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private static PlaceRequest place(
      Optional<String> host, List<String> tags, Optional<GroupRule> rule) {
    return new PlaceRequest(
        host.stream().toList(),
        Optional.empty(),
        tags,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        rule.map(_ -> new EntityName("web")),
        rule);
  }

  private static PlaceRequest group(String host, GroupRule rule) {
    return place(Optional.of(host), List.of(), Optional.of(rule));
  }

  private static DeployRequest vm(String name, PlaceRequest place) {
    return new DeployRequest(
        new EntityName(name),
        1,
        List.of(new DiskRequest(Optional.empty(), Optional.of(1L << 20), Optional.of(false))),
        1,
        Optional.of(512L << 20),
        List.of(new NetworkAttachment.User()),
        Optional.of(Firmware.BIOS),
        RestartPolicy.ON_FAILURE,
        CloudInit.NONE,
        Optional.empty(),
        false,
        Optional.of(place));
  }

  private void deploy(String name, PlaceRequest place) throws Exception {
    deploy(vm(name, place));
  }

  private void deploy(DeployRequest request) throws Exception {
    Reply reply = server.post("/v1/vms", request);
    assertThat(reply.status()).as(reply.body()).isEqualTo(202);
    String host =
        server.get("/v1/vms/" + request.name()).as(VmView.class).host().orElseThrow().text();
    assertThat(all().get(host.charAt(host.length() - 1) - '1').obey()).isPresent();
  }

  private static MigrateRequest live(PlaceRequest place) {
    return new MigrateRequest(
        Optional.of(place), Optional.of(MigrationMode.LIVE), Optional.empty());
  }

  private static MigrateRequest to(String host) {
    return live(place(Optional.of(host), List.of(), Optional.empty()));
  }

  private static MigrateRequest anywhere() {
    return live(PlaceRequest.ANYWHERE);
  }

  private String target(String vm, MigrateRequest request) throws Exception {
    Reply reply = server.post("/v1/vms/" + vm + "/migration/plan", request);
    assertThat(reply.status()).as(reply.body()).isEqualTo(200);
    return reply.as(MigrationView.class).to().text();
  }

  private String refusal(String vm, MigrateRequest request) throws Exception {
    for (String path : List.of("/migration/plan", "/migration")) {
      Reply reply = server.post("/v1/vms/" + vm + path, request);
      assertThat(reply.problem().code()).as(reply.body()).isEqualTo(ErrorCode.NO_HOST_FITS);
    }
    return server.post("/v1/vms/" + vm + "/migration", request).problem().problem().detail();
  }

  private void begin(String vm, MigrateRequest request) throws Exception {
    Reply reply = server.post("/v1/vms/" + vm + "/migration", request);
    assertThat(reply.status()).as(reply.body()).isEqualTo(202);
  }

  @Test
  void vmsThatAreKeptApartStayApart() throws Exception {
    deploy("a", group("host-1", GroupRule.APART));
    deploy("b", group("host-2", GroupRule.APART));

    assertThat(target("a", anywhere())).isEqualTo("host-3");
    assertThat(refusal("a", to("host-2")))
        .isEqualTo("Host host-2: has a VM of the group 'web', which are kept apart.");
    begin("a", anywhere());

    assertThat(refusal("b", to("host-3")))
        .as("one that is on its way counts where it goes")
        .contains("kept apart");
    assertThat(refusal("b", to("host-1"))).as("and where it still is").contains("kept apart");
    assertThat(server.post("/v1/vms", vm("c", group("host-3", GroupRule.APART))).problem().code())
        .isEqualTo(ErrorCode.NO_HOST_FITS);
  }

  @Test
  void vmsThatAreTogetherLeaveOnlyAHostThatIsDrainedAndStayTogether() throws Exception {
    deploy("a", group("host-1", GroupRule.TOGETHER));
    deploy("b", group("host-1", GroupRule.TOGETHER));
    assertThat(refusal("a", to("host-3")))
        .isEqualTo("Host host-3: the VMs of the group 'web', which stay together, are on host-1.");
    assertThat(server.post("/v1/hosts/host-1", HostChange.draining(true)).status()).isEqualTo(200);

    begin("a", to("host-3"));

    assertThat(target("b", anywhere())).isEqualTo("host-3");
    assertThat(refusal("b", to("host-2"))).contains("are on host-3");
  }

  @Test
  void whatItsOwnerAskedOfItsHostIsAskedOfTheNextAndAllReasonsAreSaid() throws Exception {
    change(Optional.empty(), List.of("ssd"), false);
    first.machine = Optional.of("pc-i440fx-8.0");
    deploy("a", place(Optional.empty(), List.of("ssd"), Optional.empty()));
    third.machines = List.of("pc-i440fx-7.2");
    third.memoryBytes = 1 << 20;
    third.report();

    assertThat(refusal("a", to("host-3")))
        .contains("lacks the tag ssd")
        .contains("needs 512 MiB of memory")
        .contains("its QEMU has no machine pc-i440fx-8.0")
        .startsWith("Host host-3: ")
        .doesNotContain("host-2");
    assertThat(refusal("a", to("host-1"))).isEqualTo("It is on host-1 already.");
  }

  private void change(Optional<String> cluster, List<String> tags, boolean maintenance)
      throws Exception {
    Reply reply =
        server.post(
            "/v1/hosts/host-1",
            new HostChange(cluster, Optional.of(tags), Optional.of(maintenance)));
    assertThat(reply.status()).isEqualTo(200);
  }

  @Test
  void theBaselineOfTheOtherHostsClusterHolds() throws Exception {
    deploy("a", place(Optional.of("host-2"), List.of(), Optional.empty()));
    change(Optional.of("west"), List.of(), false);
    assertThat(target("a", to("host-1"))).isEqualTo("host-1");
    PlacementSettings placement =
        new PlacementSettings(
            Optional.empty(),
            List.of(
                new PlacementSettings.Cluster(
                    new EntityName("west"), Optional.empty(), Optional.of(3))),
            0,
            0);

    Settings settings =
        new Settings(true, 72, 1.0, Optional.empty(), Optional.empty(), Optional.of(placement));
    assertThat(server.put("/v1/settings", settings).status()).isEqualTo(200);

    assertThat(refusal("a", to("host-1")))
        .contains("its processors have level 2, the baseline of its cluster is 3");
  }

  @Test
  void aHostThatLacksTheMachineOfItsClusterGetsNoGuests() throws Exception {
    deploy("a", place(Optional.of("host-2"), List.of(), Optional.empty()));
    change(Optional.of("west"), List.of(), false);
    first.machines = List.of("pc-i440fx-7.2", "pc-q35-7.2");
    first.report();
    set("8.0");

    assertThat(first.look(Duration.ofSeconds(5)).orElseThrow().hardware())
        .contains(new GuestHardware(Optional.empty(), Optional.of("8.0")));
    PlaceRequest there = place(Optional.of("host-1"), List.of(), Optional.empty());
    assertThat(server.post("/v1/vms", vm("b", there)).problem().problem().detail())
        .contains("host-1: its QEMU has no machine pc-i440fx-8.0, which its cluster is set to");
    MigrateRequest cold =
        new MigrateRequest(Optional.of(there), Optional.of(MigrationMode.COLD), Optional.empty());
    assertThat(refusal("a", cold)).contains("its QEMU has no machine pc-i440fx-8.0");
    assertThat(target("a", to("host-1"))).as("it keeps its own").isEqualTo("host-1");
    set("7.2");
    assertThat(target("a", cold)).isEqualTo("host-1");
  }

  private void set(String version) throws Exception {
    PlacementSettings placement =
        new PlacementSettings(
            Optional.empty(),
            List.of(
                new PlacementSettings.Cluster(
                    new EntityName("west"),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.of(version))),
            0,
            0);
    Settings settings =
        new Settings(true, 72, 1.0, Optional.empty(), Optional.empty(), Optional.of(placement));
    assertThat(server.put("/v1/settings", settings).status()).isEqualTo(200);
  }

  @Test
  void itStaysInTheClusterThatItWasAskedForUnlessToldOtherwise() throws Exception {
    change(Optional.of("west"), List.of(), false);
    deploy(
        "a",
        new PlaceRequest(
            List.of(),
            Optional.of(new EntityName("west")),
            List.of(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty()));

    assertThat(refusal("a", anywhere())).contains("host-2: is in no cluster, not in 'west'");
    assertThat(target("a", to("host-2"))).isEqualTo("host-2");
    change(Optional.of("east"), List.of(), false);
    assertThat(target("a", anywhere())).as("it is there no more").isNotEqualTo("host-1");
  }
}
