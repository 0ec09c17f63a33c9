package dev.ratoon.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.Problem;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.model.ShareKind;
import dev.ratoon.model.ShareState;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.ShareReport;
import dev.ratoon.protocol.agent.Withdrawal;
import dev.ratoon.protocol.agent.WithdrawalReport;
import dev.ratoon.protocol.api.CachePlanView;
import dev.ratoon.protocol.api.ImageView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.ShareRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Base disks leave shared caches: every host agrees, one removes. */
final class SharedCleanUpApiTest {
  private static final EntityName SHARE = new EntityName("vm-cache");
  private static final String AT_ONCE = "{\"keepDays\": 0, \"pins\": []}";
  private static final int MOST_LOOKS = 20;

  @TempDir Path home;
  private TestServer server;
  private FakeAgent one;
  private FakeAgent two;
  private DiskId base;

  @BeforeEach
  void start() throws Exception {
    server = TestServer.start(home);
    one = FakeAgent.on(server);
    two = new FakeAgent("host-2", server.server.link());
    server.server.attach(two.host, two);
    one.obey();
    two.obey();
    byte[] disk = new byte[1 << 20];
    disk[510] = 0x55;
    server.ended(server.upload("/v1/images?image=tiny", disk).as(OperationView.class));
    base = server.get("/v1/images/tiny").as(ImageView.class).diskId();
    server.post(
        "/v1/shares",
        new ShareRequest(
            SHARE, ShareKind.MOUNTED, "/cache", List.of(), Optional.empty(), Optional.empty()));
    one.obey();
    two.obey();
    say(one);
    say(two);
    server.put("/v1/cache-policies", AT_ONCE);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private void nameless() throws Exception {
    assertThat(server.delete("/v1/images/tiny").status()).isEqualTo(200);
  }

  private ShareReport found(ShareState state, WithdrawalReport... said) {
    boolean gone =
        Arrays.stream(said).anyMatch(each -> each.state() == WithdrawalReport.State.REMOVED);
    return new ShareReport(
        SHARE,
        state,
        Optional.empty(),
        Optional.of("5b6c0ac5-0c3a-4a4f-9d3e-0e2f6f1f7a10"),
        1 << 30,
        gone
            ? List.of()
            : List.of(
                new ShareReport.Base(
                    base, ReplicaState.READY, 1 << 20, 1 << 19, 100, Optional.empty())),
        Optional.of(10L << 30),
        List.of(said));
  }

  private void say(FakeAgent agent, WithdrawalReport... said) {
    agent.shares = List.of(found(ShareState.READY, said));
    agent.report();
  }

  private CachePlanView.Base planned() throws Exception {
    CachePlanView plan = plan();
    assertThat(plan.bases()).hasSize(1);
    return plan.bases().getFirst();
  }

  private CachePlanView plan() throws Exception {
    return server.get("/v1/cache-plan?share=vm-cache").list(CachePlanView.class).getFirst();
  }

  private OperationView clean() throws Exception {
    List<OperationView> begun = server.post("/v1/cache-plan", "").list(OperationView.class);
    assertThat(begun).hasSize(1);
    return begun.getFirst();
  }

  private static List<Withdrawal> leaving(DesiredState state) {
    return state.shares().getFirst().leaving();
  }

  /** What the host is asked to once it is asked to something like this. */
  private static Withdrawal asked(FakeAgent agent, Predicate<Withdrawal> wish) throws Exception {
    List<List<Withdrawal>> seen = new ArrayList<>();
    for (int i = 0; i < MOST_LOOKS; i++) {
      List<Withdrawal> now = leaving(agent.obey().orElseThrow());
      seen.add(now);
      if (now.stream().anyMatch(wish)) {
        return now.getFirst();
      }
    }
    throw new AssertionError("Asked only " + seen);
  }

  private static void untilNothingLeaves(FakeAgent agent) throws Exception {
    List<Withdrawal> last = List.of();
    for (int i = 0; i < MOST_LOOKS; i++) {
      last = leaving(agent.obey().orElseThrow());
      if (last.isEmpty()) {
        return;
      }
    }
    throw new AssertionError("Still " + last);
  }

  /** All have promised, and the first is told to remove it. */
  private Withdrawal ordered() throws Exception {
    say(one, WithdrawalReport.free(asked(one, w -> true)));
    say(two, WithdrawalReport.free(asked(two, w -> true)));
    return asked(one, Withdrawal::remove);
  }

  private static Problem why(String detail) {
    return Problem.of(ErrorCode.WRONG_STATE, "removing").detail(detail);
  }

  @Test
  void whatNobodyNeedsLeavesWhenAllHaveAgreedAndOneHasRemovedIt() throws Exception {
    nameless();
    assertThat(planned().leaves()).isTrue();
    assertThat(plan().totalBytes()).isEqualTo(10L << 30);

    OperationView asked = clean();

    assertThat(asked.kind()).isEqualTo(OperationKind.EVICT);
    assertThat(asked.subject()).endsWith(" on vm-cache");
    assertThat(planned().why()).contains("it is being removed already");
    Withdrawal first = asked(one, w -> true);
    assertThat(first.remove()).isFalse();
    say(one, WithdrawalReport.free(first));
    say(two, WithdrawalReport.free(asked(two, w -> true)));
    Withdrawal order = asked(one, Withdrawal::remove);
    assertThat(order.order()).isEqualTo(first.order());
    assertThat(order.step()).isGreaterThan(first.step());
    assertThat(asked(two, w -> true).remove()).as("one alone removes it").isFalse();
    say(one, WithdrawalReport.removed(order, 1 << 19));
    OperationView ended = server.ended(asked);
    assertThat(ended.state()).isEqualTo(OperationState.DONE);
    assertThat(ended.result().orElseThrow()).isEqualTo("removed, 512 KiB are free again");
    untilNothingLeaves(one);
    untilNothingLeaves(two);
  }

  @Test
  void aHostThatNeedsItKeepsItForAll() throws Exception {
    nameless();
    OperationView asked = clean();
    say(one, WithdrawalReport.free(asked(one, w -> true)));
    say(two, WithdrawalReport.needed(asked(two, w -> true), why("On it stand: old.")));

    assertThat(server.ended(asked).problem().orElseThrow().detail())
        .isEqualTo("Host host-2: On it stand: old.");
    untilNothingLeaves(one);
    untilNothingLeaves(two);
    assertThat(planned().leaves()).isTrue();
  }

  @Test
  void aHostThatIsAwayBlocksIt() throws Exception {
    nameless();
    OperationView asked = clean();
    say(one, WithdrawalReport.free(asked(one, w -> true)));
    server = server.restart();
    one.connect(server);
    assertThat(planned().why()).contains("host host-2 may use it: the host is not connected");
    server.clock.advance(Duration.ofMinutes(11));

    server.server.sweep();

    assertThat(server.ended(asked).problem().orElseThrow())
        .satisfies(late -> {
          assertThat(late.code()).isEqualTo(ErrorCode.TIMED_OUT);
          assertThat(late.detail()).endsWith("host-2.");
        });
    untilNothingLeaves(one);
    assertThat(server.post("/v1/cache-plan", "").list(OperationView.class)).isEmpty();
    Withdrawal old = new Withdrawal(base, "an earlier order", 1, false);
    two.connect(server);
    two.obey();
    say(two, WithdrawalReport.free(old));
    OperationView again = clean();
    say(one, WithdrawalReport.free(asked(one, w -> true)));
    two.obey();
    assertThat(server.get("/v1/operations/" + again.id()).as(OperationView.class).state())
        .as("who answered an earlier order has not answered this one")
        .isEqualTo(OperationState.RUNNING);
  }

  @Test
  void vmsWhereverTheyAreKeepIt() throws Exception {
    server.post("/v1/vms", "{\"name\": \"web\", \"disks\": [{\"image\": \"tiny\"}]}");
    one.obey();
    two.obey();
    assertThat(planned().why()).contains("VM web stands on it");
    server.delete("/v1/vms/web");
    one.obey();
    two.obey();
    assertThat(planned().why()).contains("VM web in the trash stands on it");
    assertThat(server.post("/v1/cache-plan", "").list(OperationView.class)).isEmpty();
  }

  @Test
  void aDiskThatIsNotThereKeepsItsBaseWhereItMayStand() throws Exception {
    one.parents = id -> Optional.empty();
    two.parents = id -> Optional.empty();
    server.post("/v1/vms", "{\"name\": \"web\", \"disks\": [{\"image\": \"tiny\"}]}");
    one.obey();
    two.obey();
    assertThat(planned().why()).contains("VM web stands on it");
  }

  @Test
  void aNamedImageKeepsItsLastReadyCopy() throws Exception {
    assertThat(planned().why()).containsExactly("it is the last ready replica for tiny:latest");
    one.bases.add(base);
    one.report();
    assertThat(
            server.get("/v1/cache-plan").list(CachePlanView.class).stream()
                .flatMap(cache -> cache.bases().stream())
                .filter(CachePlanView.Base::leaves))
        .as("one of two copies goes, and never both")
        .hasSize(1);
  }

  @Test
  void whatIsNeededByTheTimeAllHavePromisedStays() throws Exception {
    one.bases.add(base);
    one.report();
    server.put("/v1/cache-policies?host=host-1", "{\"keepDays\": 1000, \"pins\": []}");
    OperationView asked = clean();
    Withdrawal ofOne = asked(one, w -> true);
    Withdrawal ofTwo = asked(two, w -> true);
    server.post("/v1/vms", "{\"name\": \"web\", \"disks\": [{\"image\": \"tiny\"}]}");
    say(one, WithdrawalReport.free(ofOne));
    say(two, WithdrawalReport.free(ofTwo));

    assertThat(server.ended(asked).problem().orElseThrow().detail())
        .startsWith("It may not go any more: ")
        .contains("VM web stands on it");
    untilNothingLeaves(two);
  }

  @Test
  void aServerThatIsStartedAnewGoesOnWhereItWas() throws Exception {
    nameless();
    OperationView asked = clean();
    say(one, WithdrawalReport.free(asked(one, w -> true)));
    server = server.restart();
    one.connect(server);
    two.connect(server);
    say(two, WithdrawalReport.free(asked(two, w -> true)));
    Withdrawal order = asked(one, Withdrawal::remove);
    server = server.restart();
    two.connect(server);
    one.connect(server);
    say(one, WithdrawalReport.removed(order, 1));

    assertThat(server.ended(asked).state()).isEqualTo(OperationState.DONE);
    untilNothingLeaves(two);
  }

  @Test
  void aRemoverThatDoesNotAnswerIsRecalledAndAllKeepTheirPromisesUntilItHasSaidSo()
      throws Exception {
    nameless();
    OperationView asked = clean();
    Withdrawal order = ordered();
    server.clock.advance(Duration.ofMinutes(11));
    server.server.sweep();
    Withdrawal recalled = asked(one, w -> w.step() > order.step());
    assertThat(recalled.remove()).isFalse();
    server.server.sweep();
    assertThat(leaving(two.obey().orElseThrow())).hasSize(1);
    assertThat(server.get("/v1/operations/" + asked.id()).as(OperationView.class).state())
        .isEqualTo(OperationState.RUNNING);
    assertThat(planned().why()).contains("it is being removed already");

    say(one, WithdrawalReport.free(recalled));

    assertThat(server.ended(asked).problem().orElseThrow().code()).isEqualTo(ErrorCode.TIMED_OUT);
    untilNothingLeaves(two);
  }

  @Test
  void aHostWhoseShareDoesNotAnswerBlocksIt() throws Exception {
    nameless();
    two.shares = List.of(found(ShareState.STALLED));
    two.report();
    assertThat(planned().why()).contains("host host-2 may use it: the share does not answer there");
    two.shares = List.of(found(ShareState.UNUSABLE));
    two.report();
    assertThat(planned().leaves()).as("it can tell what stands on it all the same").isTrue();
    two.shares = List.of();
    two.report();
    assertThat(planned().why())
        .contains("host host-2 may use it: it has not looked at the share yet");
  }

  private void beTwoShares() throws Exception {
    EntityName nas = new EntityName("nas");
    server.post(
        "/v1/shares",
        new ShareRequest(
            nas,
            ShareKind.MOUNTED,
            "/mnt/nas",
            List.of("host-2"),
            Optional.empty(),
            Optional.empty()));
    two.obey();
    ShareReport same = found(ShareState.READY);
    ShareReport other =
        new ShareReport(
            nas,
            ShareState.READY,
            Optional.empty(),
            same.marker(),
            1 << 30,
            same.bases(),
            same.totalBytes(),
            List.of());
    two.shares = List.of(same, other);
    two.report();
  }

  @Test
  void nothingLeavesAFolderThatIsTwoShares() throws Exception {
    nameless();
    beTwoShares();
    assertThat(planned().why()).contains("the share nas is the same folder");
    assertThat(server.post("/v1/cache-plan", "").list(OperationView.class)).isEmpty();
  }

  @Test
  void whoWasToldToRemoveSomethingIsRecalledWhenItsFolderTurnsOutToBeTwoShares() throws Exception {
    nameless();
    clean();
    Withdrawal order = ordered();
    beTwoShares();
    server.server.sweep();
    Withdrawal recalled = asked(one, w -> w.step() > order.step());
    assertThat(recalled.remove()).isFalse();
  }

  @Test
  void aShareStaysUntilItIsSaidHowARemovalEnded() throws Exception {
    nameless();
    OperationView asked = clean();
    Withdrawal order = ordered();
    assertThat(server.delete("/v1/shares/vm-cache").problem().code()).isEqualTo(ErrorCode.IN_USE);
    say(one, WithdrawalReport.removed(order, 1));
    server.ended(asked);
    assertThat(server.delete("/v1/shares/vm-cache").status()).isEqualTo(200);
  }

  @Test
  void aPolicyOfTheShareTakesThePlaceOfTheFleets() throws Exception {
    nameless();
    server.put("/v1/cache-policies?share=vm-cache", "{\"maxSharePercent\": 50, \"pins\": []}");
    assertThat(planned().why()).containsExactly("there is room enough");
    server.put("/v1/cache-policies?share=vm-cache", "{\"minFreeBytes\": 2147483648, \"pins\": []}");
    assertThat(planned().leaves()).isTrue();
  }
}
