package dev.ratoon.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.OperationStep;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.agent.BaseTask;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.api.HostChange;
import dev.ratoon.protocol.api.ImageView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.PrecacheEnded;
import dev.ratoon.protocol.api.PrecacheRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bases are brought to hosts beforehand, whatever dies meanwhile. */
final class PrecacheTest {
  private static final int IMAGE_BYTES = 1 << 20;

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
    disk[510] = 0x55;
    Reply added = server.upload("/v1/images?image=tiny&file=tiny.raw", disk);
    server.ended(added.as(OperationView.class));
    base = server.get("/v1/images/tiny").as(ImageView.class).diskId();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private List<OperationView> precache(PrecacheRequest where) throws Exception {
    Reply reply = server.post("/v1/images/tiny/precache", where);
    assertThat(reply.status()).as(reply.body()).isEqualTo(202);
    return reply.list(OperationView.class);
  }

  private OperationView now(OperationView operation) throws Exception {
    return server.get("/v1/operations/" + operation.id()).as(OperationView.class);
  }

  private static PrecacheRequest to(String... hosts) {
    return new PrecacheRequest(List.of(hosts), Optional.empty(), false);
  }

  private static PrecacheRequest toAll() {
    return new PrecacheRequest(List.of(), Optional.empty(), true);
  }

  @Test
  void aHostIsToldAndItsProgressIsSeen() throws Exception {
    OperationView operation = precache(to("host-2")).getFirst();
    assertThat(operation.kind()).isEqualTo(OperationKind.PRECACHE);
    assertThat(operation.subject()).isEqualTo("tiny:latest on host-2");
    assertThat(operation.base()).contains(base);
    assertThat(operation.host()).contains(second.host);

    second.working = wish -> FakeAgent.waiting(wish, 1 << 29, Optional.empty());
    DesiredState desired = second.obey().orElseThrow();
    assertThat(desired.bases()).hasSize(1);
    assertThat(desired.bases().getFirst().task()).isEqualTo(BaseTask.PRECACHE);
    assertThat(desired.bases().getFirst().diskId()).isEqualTo(base);
    OperationStep step = now(operation).steps().getFirst();
    assertThat(step.bytesDone()).isEqualTo(1 << 29);

    Problem nobody = Problem.of(ErrorCode.BASE_MISSING, "looking").detail("Nobody has it.");
    second.working = wish -> FakeAgent.waiting(wish, 0, Optional.of(nobody));
    second.reportBases();
    assertThat(now(operation).state()).isEqualTo(OperationState.RUNNING);
    assertThat(now(operation).problem()).contains(nobody);

    second.working = FakeAgent::done;
    second.reportBases();
    OperationView ended = server.ended(operation);
    assertThat(ended.state()).isEqualTo(OperationState.DONE);
    assertThat(ended.problem()).isEmpty();
    assertThat(first.look(Duration.ZERO)).isEmpty();
  }

  @Test
  void askingTwiceJoinsAndAHostThatHasItIsDone() throws Exception {
    first.bases.add(base);
    first.report();
    List<OperationView> begun = precache(toAll());
    List<OperationView> again = precache(to("host-2"));
    assertThat(begun)
        .extracting(OperationView::state)
        .containsExactly(OperationState.DONE, OperationState.RUNNING);
    assertThat(begun.getFirst().result()).contains("it was there already");
    assertThat(again).extracting(OperationView::id).containsExactly(begun.get(1).id());
    assertThat(second.obey().orElseThrow().bases()).hasSize(1);
    assertThat(server.ended(begun.get(1)).state()).isEqualTo(OperationState.DONE);
  }

  @Test
  void whatIsAskedForNoLongerEndsAndStays() throws Exception {
    first.bases.add(base);
    first.report();
    List<OperationView> begun = precache(toAll());

    Reply reply = server.post("/v1/images/tiny/precache/end", toAll());
    assertThat(reply.status()).as(reply.body()).isEqualTo(200);
    assertThat(reply.as(PrecacheEnded.class).hosts())
        .extracting(EntityName::text)
        .containsExactlyInAnyOrder("host-1", "host-2");
    assertThat(first.obey().orElseThrow().bases()).isEmpty();
    assertThat(second.obey().orElseThrow().bases()).isEmpty();
    assertThat(server.ended(begun.get(1)).problem().orElseThrow().code())
        .isEqualTo(ErrorCode.INTERRUPTED);

    Reply again = server.post("/v1/images/tiny/precache/end", to("host-2"));
    assertThat(again.as(PrecacheEnded.class).hosts()).isEmpty();
    assertThat(server.post("/v1/images/other/precache/end", toAll()).status()).isEqualTo(404);
  }

  @Test
  void clustersAndHostsInMaintenanceArePrecachedToo() throws Exception {
    server.post(
        "/v1/hosts/host-2",
        new HostChange(Optional.of("west"), Optional.empty(), Optional.of(true)));
    PrecacheRequest west =
        new PrecacheRequest(List.of(), Optional.of(new EntityName("west")), false);
    assertThat(precache(west))
        .extracting(OperationView::subject)
        .containsExactly("tiny:latest on host-2");
  }

  @Test
  void whatIsUnknownOrUnclearIsRefused() throws Exception {
    assertThat(problem("tiny", "{\"hosts\": [\"host-2\", \"host-9\"]}").doing())
        .contains("host-9")
        .doesNotContain("host-2");
    assertThat(problem("tiny", "{\"cluster\": \"east\"}").code()).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(problem("other", "{\"all\": true}").code()).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(problem("tiny", "{}").code()).isEqualTo(ErrorCode.INVALID_VALUE);
    assertThat(problem("tiny", "{\"all\": true, \"hosts\": [\"host-1\"]}").code())
        .isEqualTo(ErrorCode.INVALID_VALUE);
    assertThat(server.get("/v1/operations").list(OperationView.class)).hasSize(1);
  }

  private Problem problem(String image, String body) throws Exception {
    return server.post("/v1/images/" + image + "/precache", body).problem().problem();
  }

  @Test
  void theWishOutlivesTheServerAndTheOperationGoesOn() throws Exception {
    OperationView operation = precache(to("host-2")).getFirst();
    server = server.restart();
    assertThat(now(operation).state()).isEqualTo(OperationState.RUNNING);
    second.connect(server);
    assertThat(second.obey().orElseThrow().bases()).hasSize(1);
    OperationView ended = server.ended(operation);
    assertThat(ended.state()).isEqualTo(OperationState.DONE);
    assertThat(ended.base()).contains(base);
    assertThat(ended.host()).contains(second.host);
  }

  @Test
  void whatAHostCannotDoIsSaidAndNotWantedAnyMore() throws Exception {
    OperationView operation = precache(to("host-2")).getFirst();
    second.working = FakeAgent::failed;
    second.obey();
    OperationView ended = server.ended(operation);
    assertThat(ended.state()).isEqualTo(OperationState.FAILED);
    assertThat(ended.problem().orElseThrow().code()).isEqualTo(ErrorCode.DISK_FULL);
    assertThat(second.obey().orElseThrow().bases()).isEmpty();

    second.working = FakeAgent::done;
    OperationView again = precache(to("host-2")).getFirst();
    assertThat(again.id()).isNotEqualTo(operation.id());
    second.obey();
    assertThat(server.ended(again).state()).isEqualTo(OperationState.DONE);
  }

  @Test
  void aReportOfAnEarlierWishEndsNothing() throws Exception {
    OperationView earlier = precache(to("host-2")).getFirst();
    second.obey();
    server.ended(earlier);
    OperationView later = precache(to("host-2")).getFirst();
    second.reportBases();
    assertThat(now(later).state()).isEqualTo(OperationState.RUNNING);
    second.obey();
    assertThat(server.ended(later).state()).isEqualTo(OperationState.DONE);
  }
}
