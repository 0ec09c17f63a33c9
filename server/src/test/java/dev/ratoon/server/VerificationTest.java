package dev.ratoon.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.agent.BaseReport;
import dev.ratoon.protocol.agent.BaseTask;
import dev.ratoon.protocol.agent.DesiredBase;
import dev.ratoon.protocol.agent.ScrubRules;
import dev.ratoon.protocol.api.BaseView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.protocol.api.VerifyRequest;
import dev.ratoon.protocol.api.VmView;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bases are read again where they lie, and what was found is said. */
final class VerificationTest {
  private static final DiskId OTHER = new DiskId("ab".repeat(32));

  @TempDir Path home;
  private TestServer server;
  private FakeAgent first;
  private FakeAgent second;
  private DiskId base;

  @BeforeEach
  void start() throws Exception {
    server = TestServer.start(home);
    first = FakeAgent.on(server);
    second = new FakeAgent("host-2", server.server.link());
    byte[] disk = new byte[1 << 20];
    disk[510] = 0x55;
    server.ended(server.upload("/v1/images?image=tiny", disk).as(OperationView.class));
    base = server.get("/v1/bases").list(BaseView.class).getFirst().diskId();
    first.bases.add(base);
    first.obey();
    second.bases.addAll(List.of(base, OTHER));
    second.obey();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private List<OperationView> verify(List<String> bases, List<String> hosts) throws Exception {
    Reply reply = server.post("/v1/bases/verify", new VerifyRequest(bases, hosts, false));
    assertThat(reply.status()).as(reply.body()).isEqualTo(202);
    return reply.list(OperationView.class);
  }

  private ErrorCode refusal(List<String> bases, List<String> hosts) throws Exception {
    return server.post("/v1/bases/verify", new VerifyRequest(bases, hosts, false)).problem().code();
  }

  @Test
  void eachBaseIsReadOnEachHostThatHasIt() throws Exception {
    List<OperationView> begun = verify(List.of(), List.of());
    assertThat(begun)
        .extracting(OperationView::subject)
        .containsExactly(
            "tiny:latest on host-1", "tiny:latest on host-2", OTHER.shortForm() + " on host-2");
    assertThat(begun).extracting(OperationView::kind).containsOnly(OperationKind.VERIFY);
    assertThat(verify(List.of("tiny"), List.of("host-1"))).containsExactly(begun.getFirst());

    assertThat(second.obey().orElseThrow().bases())
        .extracting(DesiredBase::task)
        .containsExactly(BaseTask.VERIFY, BaseTask.VERIFY);
    OperationView ended = server.ended(begun.get(1));
    assertThat(ended.state()).isEqualTo(OperationState.DONE);
    assertThat(ended.result()).contains("it has come");
    assertThat(second.obey().orElseThrow().bases()).isEmpty();
  }

  @Test
  void basesAreNamedByImageOrTheBeginningOfTheirId() throws Exception {
    assertThat(verify(List.of(OTHER.shortForm()), List.of())).hasSize(1);
    assertThat(verify(List.of("tiny:latest"), List.of("host-2"))).hasSize(1);
    assertThat(refusal(List.of("nothing"), List.of())).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(refusal(List.of("abcdef012345"), List.of())).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(refusal(List.of(OTHER.hex()), List.of("host-1"))).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(refusal(List.of(), List.of("host-7"))).isEqualTo(ErrorCode.NOT_FOUND);
  }

  @Test
  void aDamagedBaseFailsInWords() throws Exception {
    Problem damage =
        Problem.of(ErrorCode.BASE_ALTERED, "using base disk").detail("VMs stand on it: web.");
    second.working =
        wish ->
            new BaseReport(
                wish.diskId(),
                wish.task(),
                wish.revision(),
                true,
                List.of(),
                Optional.of(damage),
                Optional.empty());
    OperationView operation = verify(List.of("tiny"), List.of("host-2")).getFirst();
    second.obey();
    OperationView ended = server.ended(operation);
    assertThat(ended.state()).isEqualTo(OperationState.FAILED);
    assertThat(ended.problem()).contains(damage);
  }

  @Test
  void vmsOnASuspectFileAreNamed() throws Exception {
    server.post(
        "/v1/vms",
        "{\"name\": \"web\", \"disks\": [{\"image\": \"tiny\"}], \"cloudInit\": {\"sshKeys\": []}}");
    first.suspicion = Optional.of("replaced");
    second.suspicion = Optional.of("replaced");
    first.obey();
    second.obey();
    BaseView view =
        server.get("/v1/bases").list(BaseView.class).stream()
            .filter(b -> b.diskId().equals(base))
            .findFirst()
            .orElseThrow();
    assertThat(view.children())
        .extracting(BaseView.ChildView::suspicion)
        .containsExactly(Optional.of("replaced"));
    assertThat(server.get("/v1/vms/web").as(VmView.class).disks().getFirst().suspicion())
        .contains("replaced");
  }

  @Test
  void hostsAreToldHowToScrub() throws Exception {
    assertThat(server.get("/v1/settings").as(Settings.class).scrubRules())
        .isEqualTo(ScrubRules.DEFAULT);
    ScrubRules rules = new ScrubRules(7, 8 << 20);
    server.put("/v1/settings", new Settings(true, 72, 1.0, Optional.of(rules), Optional.empty()));
    assertThat(first.obey().orElseThrow().scrub()).contains(rules);
    String tooFast =
        "{\"differencing\": true, \"trashHours\": 1, \"memoryRatio\": 1,"
            + " \"scrub\": {\"days\": -1, \"bytesPerSecond\": 9999999}}";
    assertThat(server.put("/v1/settings", tooFast).problem().code())
        .isEqualTo(ErrorCode.INVALID_VALUE);
  }
}
