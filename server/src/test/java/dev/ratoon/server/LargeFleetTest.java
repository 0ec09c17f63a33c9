package dev.ratoon.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.CloudInit;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.protocol.api.DeployRequest;
import dev.ratoon.protocol.api.DiskRequest;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.api.VmView;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A fleet so large that its snapshot is kept between deploys. */
final class LargeFleetTest {
  private static final int HOSTS = 300;
  private static final int ROOM = 2;
  private static final int THREADS = 4;

  @TempDir Path home;
  private TestServer server;
  private final List<FakeAgent> agents = new ArrayList<>();

  @BeforeEach
  void start() throws Exception {
    server = TestServer.start(home);
    for (int i = 0; i < HOSTS; i++) {
      FakeAgent agent = new FakeAgent("host-" + i, server.server.link());
      agent.memoryBytes = ROOM * FakeAgent.GIB;
      agent.report();
      server.server.attach(agent.host, agent);
      agents.add(agent);
    }
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private Reply deploy(String name, int count) throws Exception {
    return server.post(
        "/v1/vms",
        new DeployRequest(
            new EntityName(name),
            count,
            List.of(new DiskRequest(Optional.empty(), Optional.of(1L << 30), Optional.empty())),
            1,
            Optional.of(FakeAgent.GIB),
            List.of(new NetworkAttachment.User()),
            Optional.empty(),
            RestartPolicy.ON_FAILURE,
            CloudInit.NONE,
            Optional.empty(),
            false));
  }

  @Test
  void everyPlaceIsGivenOnceAndNobodyIsRefusedWhileThereIsRoom() throws Exception {
    try (ExecutorService pool = Executors.newFixedThreadPool(THREADS)) {
      List<Future<Integer>> answers = new ArrayList<>();
      for (int i = 0; i < HOSTS * ROOM / 10; i++) {
        String name = "vm-" + i;
        Callable<Integer> one = () -> deploy(name, 10).status();
        answers.add(pool.submit(one));
      }
      for (Future<Integer> answer : answers) {
        assertThat(answer.get()).isEqualTo(202);
      }
    }
    assertThat(server.get("/v1/hosts").list(HostView.class))
        .hasSize(HOSTS)
        .allMatch(host -> host.memoryReservedBytes() == ROOM * FakeAgent.GIB);
    assertThat(deploy("late", 1).status()).isEqualTo(409);

    assertThat(server.delete("/v1/vms/vm-7-3").status()).isEqualTo(202);
    assertThat(deploy("late", 1).status()).isEqualTo(202);
    assertThat(deploy("later", 1).status()).isEqualTo(409);
  }

  @Test
  void whatIsKeptOfAHostIsNotBelievedWhenItSaysOtherwise() throws Exception {
    assertThat(deploy("first", 1).status()).isEqualTo(202);
    FakeAgent last = agents.getLast();
    for (FakeAgent agent : agents) {
      agent.memoryBytes = agent == last ? 2 * FakeAgent.GIB : FakeAgent.GIB / 2;
      agent.report();
    }

    assertThat(deploy("second", 1).status()).isEqualTo(202);

    assertThat(server.get("/v1/vms/second").as(VmView.class).host())
        .contains(new EntityName("host-" + (HOSTS - 1)));
  }
}
