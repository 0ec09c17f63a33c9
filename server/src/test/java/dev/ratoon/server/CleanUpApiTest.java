package dev.ratoon.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.Problem;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.BaseReport;
import dev.ratoon.protocol.agent.BaseTask;
import dev.ratoon.protocol.agent.DesiredBase;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.Findings;
import dev.ratoon.protocol.api.CachePlanView;
import dev.ratoon.protocol.api.CachePolicyView;
import dev.ratoon.protocol.api.ImageView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.protocol.api.Upkeep;
import dev.ratoon.protocol.api.VmView;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Base disks leave by policy, and VMs leave the trash. */
final class CleanUpApiTest {
  private static final String AT_ONCE = "{\"keepDays\": 0, \"pins\": []}";

  @TempDir Path home;
  private TestServer server;
  private FakeAgent agent;
  private DiskId base;

  @BeforeEach
  void start() throws Exception {
    server = TestServer.start(home);
    agent = FakeAgent.on(server);
    byte[] disk = new byte[1 << 20];
    disk[510] = 0x55;
    server.ended(server.upload("/v1/images?image=tiny", disk).as(OperationView.class));
    base = server.get("/v1/images/tiny").as(ImageView.class).diskId();
    agent.bases.add(base);
    agent.obey();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private CachePlanView.Base planned() throws Exception {
    List<CachePlanView> plan = server.get("/v1/cache-plan?host=host-1").list(CachePlanView.class);
    assertThat(plan).hasSize(1);
    return plan.getFirst().bases().getFirst();
  }

  private List<OperationView> clean() throws Exception {
    return server.post("/v1/cache-plan", "").list(OperationView.class);
  }

  private VmView deployed() throws Exception {
    server.post("/v1/vms", "{\"name\": \"web\", \"disks\": [{\"image\": \"tiny\"}]}");
    agent.obey();
    return server.get("/v1/vms/web").as(VmView.class);
  }

  private void nameless() throws Exception {
    assertThat(server.delete("/v1/images/tiny").status()).isEqualTo(200);
  }

  @Test
  void withoutAPolicyNothingLeaves() throws Exception {
    nameless();

    assertThat(planned().why()).containsExactly("no policy lets anything go here");
    assertThat(clean()).isEmpty();
    assertThat(server.get("/v1/cache-policies").list(CachePolicyView.class)).isEmpty();
  }

  @Test
  void whatNobodyNeedsLeavesWhenItsHostHasRemovedIt() throws Exception {
    nameless();
    server.put("/v1/cache-policies", AT_ONCE);
    assertThat(planned().leaves()).isTrue();

    OperationView asked = clean().getFirst();

    assertThat(asked.kind()).isEqualTo(OperationKind.EVICT);
    assertThat(planned().why()).contains("it is being removed already");
    assertThat(clean()).isEmpty();
    agent.bases.clear();
    assertThat(agent.obey().orElseThrow().bases())
        .extracting(DesiredBase::task)
        .containsExactly(BaseTask.EVICT);
    assertThat(server.ended(asked).state()).isEqualTo(OperationState.DONE);
    assertThat(agent.obey().orElseThrow().bases()).isEmpty();
  }

  @Test
  void aHostThatRefusesKeepsItAndSaysWhy() throws Exception {
    nameless();
    server.put("/v1/cache-policies", AT_ONCE);
    agent.working =
        wish ->
            new BaseReport(
                wish.diskId(),
                wish.task(),
                wish.revision(),
                true,
                List.of(),
                Optional.of(
                    Problem.of(ErrorCode.WRONG_STATE, "removing").detail("On it stand: web.")),
                Optional.empty());
    OperationView asked = clean().getFirst();

    agent.obey();

    assertThat(server.ended(asked).problem().orElseThrow().detail()).isEqualTo("On it stand: web.");
    assertThat(agent.obey().orElseThrow().bases()).isEmpty();
    assertThat(planned().leaves()).isTrue();
  }

  @Test
  void vmsTheTrashStraysAndWishesKeepABase() throws Exception {
    server.put("/v1/cache-policies?host=host-1", AT_ONCE);
    assertThat(planned().why()).contains("the library keeps what an image names");
    VmView vm = deployed();
    assertThat(planned().why()).contains("VM web stands on it");
    server.delete("/v1/vms/web");
    agent.obey();
    assertThat(planned().why()).contains("VM web in the trash stands on it");

    OperationView purged = server.post("/v1/vms/" + vm.id() + "/purge", "").as(OperationView.class);
    assertThat(planned().why()).contains("VM web in the trash stands on it");
    agent.obey();
    assertThat(server.ended(purged).result()).contains("gone");
    assertThat(planned().why()).noneMatch(why -> why.contains("VM web"));

    agent.strays.add(
        new Findings.Stray(
            new VmId(UUID.randomUUID()),
            1,
            true,
            false,
            List.of(new Findings.Overlay("/v/disk-0.qcow2", Optional.of("/cache/" + base), 1))));
    agent.report();
    assertThat(planned().why()).anyMatch(why -> why.startsWith("an unknown VM"));
    agent.strays.clear();
    server.post("/v1/images/tiny/precache", "{\"hosts\": [\"host-1\"]}");
    assertThat(planned().why()).contains("it was asked for beforehand (ratoon base precache)");
  }

  @Test
  void daysAreCountedFromTheLastUseAcrossRestarts() throws Exception {
    VmView vm = deployed();
    server.clock.advance(Duration.ofDays(5));
    agent.report();
    server.delete("/v1/vms/web");
    agent.obey();
    server.post("/v1/vms/" + vm.id() + "/purge", "");
    agent.obey();
    nameless();
    server.put("/v1/cache-policies", "{\"keepDays\": 3, \"pins\": []}");
    assertThat(planned().why()).containsExactly("it was used within 3 days");

    server = server.restart();
    agent.connect(server);
    agent.report();
    assertThat(planned().why()).containsExactly("it was used within 3 days");
    server.clock.advance(Duration.ofDays(3).plusMinutes(1));
    agent.report();
    assertThat(planned().leaves()).isTrue();
  }

  @Test
  void aHostThatDoesNothingIsNotAskedForEver() throws Exception {
    nameless();
    server.put("/v1/cache-policies", AT_ONCE);
    OperationView asked = clean().getFirst();
    server.clock.advance(Duration.ofMinutes(11));

    server.server.sweep();

    assertThat(server.ended(asked).problem().orElseThrow().code()).isEqualTo(ErrorCode.TIMED_OUT);
    assertThat(agent.obey().orElseThrow().bases()).isEmpty();
  }

  @Test
  void theScheduleCleansOnlyWhenItIsTold() throws Exception {
    nameless();
    server.put("/v1/cache-policies", AT_ONCE);
    server.server.sweep();
    assertThat(planned().leaves()).isTrue();
    server.put("/v1/settings", Settings.DEFAULT.with(new Upkeep(24, 10)));

    server.server.sweep();

    assertThat(planned().why()).contains("it is being removed already");
  }

  @Test
  void policiesAreSetShownAndCleared() throws Exception {
    server.put("/v1/cache-policies", "{\"maxSharePercent\": 50, \"pins\": [\"tiny\"]}");
    server.put("/v1/cache-policies?host=host-1", AT_ONCE);

    List<CachePolicyView> policies = server.get("/v1/cache-policies").list(CachePolicyView.class);

    assertThat(policies)
        .extracting(CachePolicyView::host)
        .containsExactly(Optional.empty(), Optional.of("host-1"));
    assertThat(policies.getFirst().policy().pins()).hasToString("[tiny:latest]");
    assertThat(server.delete("/v1/cache-policies?host=host-1").status()).isEqualTo(200);
    assertThat(server.delete("/v1/cache-policies?host=host-1").status()).isEqualTo(404);
    assertThat(server.put("/v1/cache-policies?share=nas", AT_ONCE).status()).isEqualTo(404);
    assertThat(server.put("/v1/cache-policies", "{\"keepAtLeast\": 2, \"pins\": []}").status())
        .isEqualTo(400);
  }

  @Test
  void theTrashIsEmptiedOfWhatIsOldEnough() throws Exception {
    VmView vm = deployed();
    server.delete("/v1/vms/web");
    agent.obey();

    assertThat(server.post("/v1/trash/empty?olderThanHours=1", "").list(OperationView.class))
        .isEmpty();
    server.clock.advance(Duration.ofHours(2));
    List<OperationView> begun =
        server.post("/v1/trash/empty?olderThanHours=1", "").list(OperationView.class);

    assertThat(begun).extracting(OperationView::kind).containsExactly(OperationKind.PURGE);
    assertThat(agent.obey().orElseThrow().vms().getFirst().power()).isEqualTo(DesiredPower.PURGED);
    assertThat(server.ended(begun.getFirst()).state()).isEqualTo(OperationState.DONE);
    assertThat(server.get("/v1/vms/" + vm.id()).status()).isEqualTo(404);
  }

  @Test
  void onlyWhatIsInTheTrashIsPurged() throws Exception {
    VmView _ = deployed();

    assertThat(server.post("/v1/vms/web/purge", "").status()).isEqualTo(404);
    assertThat(server.get("/v1/vms/web").status()).isEqualTo(200);
  }
}
