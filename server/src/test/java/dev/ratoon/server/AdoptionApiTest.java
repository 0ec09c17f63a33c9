package dev.ratoon.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Layout;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.OperationStep;
import dev.ratoon.model.Problem;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.AdoptedDisk;
import dev.ratoon.protocol.agent.AdoptedReport;
import dev.ratoon.protocol.agent.AdoptionReport;
import dev.ratoon.protocol.agent.DesiredAdoption;
import dev.ratoon.protocol.agent.DesiredAdoption.Wish;
import dev.ratoon.protocol.agent.DesiredNic;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.ForeignDomain;
import dev.ratoon.protocol.agent.Known;
import dev.ratoon.protocol.agent.ReplicaReport;
import dev.ratoon.protocol.api.AdoptRequest;
import dev.ratoon.protocol.api.AdoptedView;
import dev.ratoon.protocol.api.ImageView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.TakeOverRequest;
import dev.ratoon.protocol.api.VmView;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the server makes of adopting: durable wishes, operations, and VMs that were domains. */
class AdoptionApiTest {
  private static final String PATH = "/srv/images";
  private static final DiskId DISK = new DiskId("ab".repeat(32));
  @TempDir Path home;
  private TestServer server;
  private FakeAgent agent;

  @BeforeEach
  void start() throws Exception {
    server = TestServer.start(home);
    agent = FakeAgent.on(server);
    agent.obey();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void aPathIsAdoptedLookedAtAgainAndGivenBack() throws Exception {
    OperationView adopting = adopt(PATH + "//x/./", false);
    assertThat(adopting.kind()).isEqualTo(OperationKind.ADOPT);
    assertThat(adopt(PATH + "/x", false).id()).isEqualTo(adopting.id());
    DesiredAdoption wish = wish();
    assertThat(wish.path()).isEqualTo(PATH + "/x");
    assertThat(wish.wish()).isEqualTo(Wish.SOURCES);

    say(wish, false, Optional.empty(), List.of());
    assertThat(shown(adopting).steps()).extracting(OperationStep::name).containsExactly("read");
    say(wish, true, Optional.empty(), List.of(disk(AdoptedDisk.State.SOURCE)));
    OperationView ended = server.ended(adopting);
    assertThat(ended.state()).isEqualTo(OperationState.DONE);
    assertThat(ended.result()).contains("0 in place, 1 as sources, 0 not used");

    OperationView inPlace = adopt(PATH + "/x", true);
    DesiredAdoption parents = wish();
    assertThat(parents.wish()).isEqualTo(Wish.PARENTS);
    assertThat(parents.revision()).isGreaterThan(wish.revision());
    say(parents, true, Optional.empty(), List.of(disk(AdoptedDisk.State.PARENT)));
    assertThat(server.ended(inPlace).state()).isEqualTo(OperationState.DONE);
    AdoptedView view = view();
    assertThat(view.paths()).hasSize(1);
    assertThat(view.paths().getFirst().inPlace()).isTrue();
    assertThat(view.paths().getFirst().settled()).isTrue();
    assertThat(view.paths().getFirst().disks().getFirst().diskId()).contains(DISK);

    server = server.restart();
    agent.connect(server);
    OperationView again = adopt(PATH + "/x", false);
    assertThat(wish().wish()).as("a parent stays one").isEqualTo(Wish.PARENTS);
    say(wish(), true, Optional.empty(), List.of(disk(AdoptedDisk.State.PARENT)));
    assertThat(server.ended(again).state()).isEqualTo(OperationState.DONE);

    OperationView back = unadopt(PATH + "/x");
    assertThat(back.kind()).isEqualTo(OperationKind.UNADOPT);
    assertThat(wish().wish()).isEqualTo(Wish.GIVEN_BACK);
    say(wish(), true, Optional.empty(), List.of());
    assertThat(server.ended(back).state()).isEqualTo(OperationState.DONE);
    assertThat(desired().adoptions()).isEmpty();
    assertThat(view().paths()).isEmpty();
  }

  @Test
  void whatCannotBeGivenBackStaysWhatItWas() throws Exception {
    OperationView adopting = adopt(PATH, true);
    say(wish(), true, Optional.empty(), List.of(disk(AdoptedDisk.State.PARENT)));
    server.ended(adopting);
    OperationView back = unadopt(PATH);

    say(wish(), true, Optional.of(refusal()), List.of(disk(AdoptedDisk.State.PARENT)));

    assertThat(server.ended(back).problem().orElseThrow().detail()).contains("web");
    assertThat(wish().wish()).isEqualTo(Wish.PARENTS);
  }

  @Test
  void aPathWhereNothingIsIsForgotten() throws Exception {
    OperationView adopting = adopt(PATH, true);

    say(wish(), true, Optional.of(refusal()), List.of());

    assertThat(server.ended(adopting).state()).isEqualTo(OperationState.FAILED);
    assertThat(desired().adoptions()).isEmpty();
  }

  @Test
  void pathsAreAbsoluteAndPlainAndKnown() throws Exception {
    for (String path : List.of("", "images", "/", "/srv/../etc", "/a\nb", "/" + "x".repeat(5000))) {
      Reply refused = server.post("/v1/hosts/host-1/adopted", new AdoptRequest(path, false));
      assertThat(refused.problem().code()).as(path).isEqualTo(ErrorCode.INVALID_VALUE);
    }
    assertThat(server.delete("/v1/hosts/host-1/adopted?path=/srv").problem().code())
        .isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(server.delete("/v1/hosts/host-1/adopted").problem().code())
        .isEqualTo(ErrorCode.INVALID_REQUEST);
  }

  @Test
  void aDomainBecomesAVmOfItsIdAndAskingAgainGoesOnWithIt() throws Exception {
    ForeignDomain domain = domain("Web_1", List.of());
    agent.adopted = Optional.of(new AdoptedReport(List.of(), List.of(domain)));
    agent.report();

    assertThat(takeOver("Web_1", "").problem().next()).contains("--name");
    OperationView begun = takeOver("Web_1", "web").as(OperationView.class);
    assertThat(begun.kind()).isEqualTo(OperationKind.TAKE_OVER);
    assertThat(takeOver("web", "").as(OperationView.class).id()).isEqualTo(begun.id());
    agent.adopted = Optional.of(new AdoptedReport(List.of(), List.of()));
    DesiredVm wanted = agent.obey().orElseThrow().vms().getFirst();
    assertThat(wanted.id()).isEqualTo(domain.id());
    assertThat(wanted.power()).isEqualTo(DesiredPower.RUNNING);
    assertThat(wanted.takeOver()).containsExactly("/srv/images/web.qcow2");
    assertThat(wanted.disks().getFirst().base()).contains(DISK);
    assertThat(wanted.nics()).isEqualTo(domain.nics());

    assertThat(server.ended(begun).state()).isEqualTo(OperationState.DONE);
    VmView vm = server.get("/v1/vms/web").as(VmView.class);
    assertThat(vm.state()).isEqualTo(VmState.RUNNING);
    assertThat(server.ended(takeOver(domain.id().toString(), "").as(OperationView.class)).result())
        .contains("it is a VM already");
  }

  @Test
  void aDomainThatCannotBeKeptIsRefusedWithAllReasons() throws Exception {
    ForeignDomain domain = domain("web", List.of("It has a TPM.", "It has a floppy."));
    agent.adopted = Optional.of(new AdoptedReport(List.of(), List.of(domain)));
    agent.report();

    var refused = takeOver("web", "").problem();

    assertThat(refused.code()).isEqualTo(ErrorCode.WRONG_STATE);
    assertThat(refused.detail()).contains("TPM").contains("floppy");
    assertThat(server.get("/v1/vms").list(VmView.class)).isEmpty();
    assertThat(takeOver("other", "").problem().code()).isEqualTo(ErrorCode.NOT_FOUND);
  }

  @Test
  void aCopyOfASourceNeedsRoomAndAParentInPlaceNeedsNone() throws Exception {
    byte[] bytes = new byte[4 << 20];
    bytes[510] = 0x55;
    server.ended(server.upload("/v1/images?image=tiny", bytes).as(OperationView.class));
    DiskId base = server.get("/v1/images/tiny").as(ImageView.class).diskId();
    OperationView adopting = adopt(PATH, false);
    agent.diskFreeBytes = 0;
    agent.replicas =
        List.of(
            new ReplicaReport(
                base,
                Layout.ADOPTED,
                ReplicaState.READY,
                PATH + "/a.raw",
                4 << 20,
                4 << 20,
                100,
                Optional.empty(),
                ""));
    say(wish(), true, Optional.empty(), List.of(disk(AdoptedDisk.State.SOURCE)));
    server.ended(adopting);
    assertThat(refusalOfDeploy()).contains("its base disk included");

    OperationView placing = adopt(PATH, true);
    say(wish(), true, Optional.empty(), List.of(disk(AdoptedDisk.State.PARENT)));
    server.ended(placing);
    assertThat(refusalOfDeploy()).contains("disk space").doesNotContain("its base disk included");
  }

  private String refusalOfDeploy() throws Exception {
    return server
        .post("/v1/vms", "{\"name\": \"db\", \"disks\": [{\"image\": \"tiny\"}]}")
        .problem()
        .detail();
  }

  private OperationView adopt(String path, boolean inPlace) throws Exception {
    return server
        .post("/v1/hosts/host-1/adopted", new AdoptRequest(path, inPlace))
        .as(OperationView.class);
  }

  private OperationView unadopt(String path) throws Exception {
    return server.delete("/v1/hosts/host-1/adopted?path=" + path).as(OperationView.class);
  }

  private Reply takeOver(String domain, String name) throws Exception {
    Optional<EntityName> asked =
        name.isEmpty() ? Optional.empty() : Optional.of(new EntityName(name));
    return server.post("/v1/hosts/host-1/domains/" + domain + "/adopt", new TakeOverRequest(asked));
  }

  private OperationView shown(OperationView operation) throws Exception {
    return server.get("/v1/operations/" + operation.id()).as(OperationView.class);
  }

  private AdoptedView view() throws Exception {
    return server.get("/v1/hosts/host-1/adopted").as(AdoptedView.class);
  }

  private DesiredState desired() throws Exception {
    return server
        .server
        .link()
        .desired(agent.host, Known.NOTHING, Duration.ofSeconds(5))
        .orElseThrow();
  }

  private DesiredAdoption wish() throws Exception {
    return desired().adoptions().getFirst();
  }

  private void say(
      DesiredAdoption wish, boolean settled, Optional<Problem> problem, List<AdoptedDisk> disks) {
    agent.adopted =
        Optional.of(
            new AdoptedReport(
                List.of(
                    new AdoptionReport(
                        wish.path(),
                        wish.revision(),
                        settled,
                        List.of(OperationStep.waiting("read").begin(Instant.EPOCH)),
                        problem,
                        disks)),
                List.of()));
    agent.report();
  }

  private static AdoptedDisk disk(AdoptedDisk.State state) {
    return new AdoptedDisk(
        PATH + "/a.raw",
        "raw",
        List.of(),
        1 << 20,
        1 << 20,
        Optional.of(DISK),
        state,
        "",
        List.of());
  }

  private static Problem refusal() {
    return Problem.of(ErrorCode.WRONG_STATE, "giving back").detail("On it stands web.");
  }

  private static ForeignDomain domain(String name, List<String> obstacles) {
    return new ForeignDomain(
        new VmId(UUID.randomUUID()),
        name,
        true,
        2,
        1 << 28,
        List.of(
            new ForeignDomain.Disk(
                "/srv/images/web.qcow2", 1 << 30, Optional.of(DISK), Optional.of("qcow2"))),
        List.of(new DesiredNic(new NetworkAttachment.Network("default"), "52:54:00:aa:bb:cc")),
        obstacles,
        List.of("the medium in its cdrom"),
        Optional.empty());
  }
}
