package dev.ratoon.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.OperationStep;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.VmView;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Agents are connected to one server while clients talk to another. */
final class SeveralServersTest {
  @TempDir Path home;
  private Servers servers;
  private TestServer first;
  private TestServer second;
  private FakeAgent agent;

  @BeforeEach
  void start() throws Exception {
    servers = new Servers(home, 2);
    first = servers.get(0);
    second = servers.get(1);
    agent = FakeAgent.on(second);
    agent.obey();
    OperationView added =
        first
            .upload("/v1/images?image=tiny&memory=67108864", new byte[4 << 20])
            .as(OperationView.class);
    assertThat(first.ended(added).state()).isEqualTo(OperationState.DONE);
    await(() -> host(first).isPresent());
  }

  @AfterEach
  void stop() {
    servers.close();
  }

  private static void await(Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!condition.call()) {
      assertThat(System.nanoTime()).as("in time").isLessThan(end);
      Thread.onSpinWait();
    }
  }

  private Optional<HostView> host(TestServer server) throws Exception {
    return server.get("/v1/hosts").list(HostView.class).stream()
        .filter(HostView::connected)
        .findAny();
  }

  private static OperationView deploy(TestServer server, String name) throws Exception {
    Reply reply =
        server.post("/v1/vms", "{\"name\": \"" + name + "\", \"disks\": [{\"image\": \"tiny\"}]}");
    assertThat(reply.status()).as(reply.body()).isEqualTo(202);
    return reply.list(OperationView.class).getFirst();
  }

  @Test
  void whatOneAcceptsAnAgentOfTheOtherDoes() throws Exception {
    CompletableFuture<OperationView> ended = new CompletableFuture<>();
    OperationView begun = deploy(first, "web");
    Thread waiting =
        Thread.startVirtualThread(() -> {
          try {
            ended.complete(first.ended(begun));
          } catch (Exception failed) {
            ended.completeExceptionally(failed);
          }
        });

    assertThat(agent.obey()).isPresent();

    assertThat(ended.join().state()).isEqualTo(OperationState.DONE);
    waiting.join();
    assertThat(first.get("/v1/vms/web").as(VmView.class).state()).isEqualTo(VmState.RUNNING);
    assertThat(second.get("/v1/vms/web").as(VmView.class).state()).isEqualTo(VmState.RUNNING);
    assertThat(second.get("/v1/operations/" + begun.id()).as(OperationView.class).state())
        .isEqualTo(OperationState.DONE);
  }

  @Test
  void howFarAnOperationHasComeIsSeenOnTheOther() throws Exception {
    OperationView begun = deploy(first, "web");
    DesiredVm wanted = agent.look(Duration.ofSeconds(10)).orElseThrow().vms().getFirst();
    List<OperationStep> steps =
        List.of(OperationStep.waiting("base").begin(begun.createdAt()).progress(7, 10));

    second
        .server
        .link()
        .report(
            agent.host,
            List.of(agent.report(wanted, false, VmState.DEPLOYING, steps, Optional.empty())));

    await(() ->
        first.get("/v1/operations/" + begun.id()).as(OperationView.class).steps().stream()
            .anyMatch(step -> step.name().equals("base") && step.bytesDone() == 7));
  }

  @Test
  void anAgentThatGoesToAnotherServerIsTakenAtItsWordThere() throws Exception {
    OperationView begun = deploy(first, "web");
    agent.connect(first);
    agent.obey();
    assertThat(second.ended(begun).state()).isEqualTo(OperationState.DONE);
    agent.connect(second);

    OperationView stopped = first.post("/v1/vms/web/stop", "{}").as(OperationView.class);
    agent.obey();
    assertThat(first.ended(stopped).state()).isEqualTo(OperationState.DONE);
    agent.connect(first);
    OperationView started = second.post("/v1/vms/web/start", "").as(OperationView.class);
    agent.obey();
    assertThat(second.ended(started).state()).isEqualTo(OperationState.DONE);

    assertThat(first.get("/v1/vms/web").as(VmView.class).state()).isEqualTo(VmState.RUNNING);
  }

  @Test
  void whatWasOnItsWayWhenAnAgentWentToAnotherServerIsNotShownForEver() throws Exception {
    OperationView begun = deploy(first, "web");
    DesiredVm wanted = agent.look(Duration.ofSeconds(10)).orElseThrow().vms().getFirst();
    second
        .server
        .link()
        .report(
            agent.host,
            List.of(agent.report(wanted, false, VmState.DEPLOYING, List.of(), Optional.empty())));

    agent.connect(first);
    agent.obey();

    assertThat(second.ended(begun).state()).isEqualTo(OperationState.DONE);
    await(() -> second.get("/v1/vms/web").as(VmView.class).state() == VmState.RUNNING);
  }

  @Test
  void namesAndKeysAreOnceAmongAll() throws Exception {
    String body = "{\"name\": \"web\", \"disks\": [{\"image\": \"tiny\"}]}";
    Reply one = second.send(post(second, body, "key"));
    Reply same = first.send(post(first, body, "key"));
    Reply other = first.post("/v1/vms", body);

    assertThat(same.list(OperationView.class).getFirst().id())
        .isEqualTo(one.list(OperationView.class).getFirst().id());
    assertThat(other.problem().code()).isEqualTo(ErrorCode.NAME_TAKEN);
  }

  private static java.net.http.HttpRequest.Builder post(
      TestServer server, String body, String key) {
    return server.request("/v1/vms").header("Idempotency-Key", key).POST(TestServer.json(body));
  }

  @Test
  void aTokenOfOneIsValidOnTheOther() throws Exception {
    Reply reply =
        first.send(
            java.net.http.HttpRequest.newBuilder(first.uri("/v1/hosts"))
                .header("Authorization", "Bearer " + second.token()));
    assertThat(reply.status()).isEqualTo(200);
  }

  @Test
  void aServerWithAnotherAuthorityDoesNotComeIn() throws Exception {
    Path stranger = Files.createDirectories(home.resolve("stranger"));
    TestDatabase.share(stranger, TestDatabase.of(home.resolve("server-0")));

    assertThatThrownBy(() -> TestServer.start(stranger))
        .isInstanceOfSatisfying(
            RatoonException.class,
            refused -> assertThat(refused.problem().next()).contains("ca.key"));
  }

  @Test
  void whatAServerHeldIsLetGoWhenItLeaves() throws Exception {
    second.close();

    await(() -> host(first).isEmpty());
    agent.connect(first);
    OperationView begun = deploy(first, "web");
    agent.obey();
    assertThat(first.ended(begun).state()).isEqualTo(OperationState.DONE);
  }
}
