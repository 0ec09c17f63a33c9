package dev.ratoon.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.OperationState;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.TenantQuota;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Many threads place at once on a nearly full fleet: every host ends within its limits, and nobody
 * is refused while there is room.
 */
final class OversellTest {
  private static final int HOSTS = 8;
  private static final int VMS_ON_A_HOST = 6;
  private static final int THREADS = 64;
  private static final int REQUESTS = 80;

  @TempDir Path home;

  @Test
  void fourServersNeverOversell() throws Exception {
    try (Servers servers = new Servers(home, 4)) {
      List<TestServer> all =
          List.of(servers.get(0), servers.get(1), servers.get(2), servers.get(3));
      fill(all);
    }
  }

  /** Two servers, whose hosts have room for all. */
  @Test
  void aTenantNeverGetsMoreThanItMayHave() throws Exception {
    int allowed = 7;
    try (Servers servers = new Servers(home, 2)) {
      TestServer first = servers.get(0);
      FakeAgent agent = new FakeAgent("host-0", first.server.link());
      agent.report();
      for (int i = 0; i < servers.count(); i++) {
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (hosts(servers.get(i)).stream().filter(HostView::connected).count() < 1) {
          assertThat(System.nanoTime()).as("the host known in time").isLessThan(end);
        }
      }
      first.put(
          "/v1/quota",
          new TenantQuota(Optional.of((long) allowed), Optional.empty(), Optional.empty()));
      List<Callable<Reply>> requests = new ArrayList<>();
      for (int i = 0; i < 4 * allowed; i++) {
        TestServer server = servers.get(i % servers.count());
        String body = "{\"name\": \"vm%d\", \"disks\": [{\"sizeBytes\": 1048576}]}".formatted(i);
        requests.add(() -> server.post("/v1/vms", body));
      }
      int placed = 0;
      try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
        for (Future<Reply> answer : threads.invokeAll(requests)) {
          Reply reply = answer.get();
          if (reply.status() == 202) {
            placed++;
          } else {
            assertThat(reply.problem().code()).isEqualTo(ErrorCode.QUOTA_EXCEEDED);
          }
        }
      }
      assertThat(placed).isEqualTo(allowed);
    }
  }

  @Test
  void oneServerNeverOversells() throws Exception {
    try (TestServer server = TestServer.start(home)) {
      fill(List.of(server));
    }
  }

  private static void fill(List<TestServer> servers) throws Exception {
    TestServer first = servers.getFirst();
    OperationView added =
        first
            .upload("/v1/images?image=tiny&memory=67108864", new byte[4 << 20])
            .as(OperationView.class);
    assertThat(first.ended(added).state()).isEqualTo(OperationState.DONE);
    for (int i = 0; i < HOSTS; i++) {
      FakeAgent agent = new FakeAgent("host-" + i, servers.get(i % servers.size()).server.link());
      agent.memoryBytes = (VMS_ON_A_HOST * FakeAgent.GIB);
      agent.report();
    }
    for (TestServer server : servers) {
      long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
      while (hosts(server).stream().filter(OversellTest::isReady).count() < HOSTS) {
        assertThat(System.nanoTime()).as("hosts known in time").isLessThan(end);
      }
    }

    List<Callable<Reply>> requests = new ArrayList<>();
    Random random = new Random(5);
    for (int i = 0; i < REQUESTS; i++) {
      TestServer server = servers.get(i % servers.size());
      int count = 1 + random.nextInt(2);
      String body =
          """
          {"name": "vm%d", "count": %d, "memoryBytes": %d, "disks": [{"image": "tiny"}]}\
          """
              .formatted(i, count, FakeAgent.GIB);
      requests.add(() -> server.post("/v1/vms", body));
    }
    int placed = 0;
    boolean oneRefused = false;
    try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      for (Future<Reply> answer : threads.invokeAll(requests)) {
        Reply reply = answer.get();
        if (reply.status() == 202) {
          placed += reply.list(OperationView.class).size();
        } else {
          assertThat(reply.problem().code()).as(reply.body()).isEqualTo(ErrorCode.NO_HOST_FITS);
          oneRefused = true;
        }
      }
    }

    assertThat(oneRefused).isTrue();
    // One VM could have been refused only when nothing was left; two, when at most one was.
    assertThat(placed).isBetween(HOSTS * VMS_ON_A_HOST - 1, HOSTS * VMS_ON_A_HOST);
    assertThat(hosts(first))
        .allSatisfy(
            host -> assertThat(host.memoryReservedBytes()).isLessThanOrEqualTo(host.memoryBytes()));
    if (placed < HOSTS * VMS_ON_A_HOST) {
      Reply last =
          first.post(
              "/v1/vms",
              "{\"name\": \"last\", \"memoryBytes\": 1073741824, \"disks\": [{\"image\": \"tiny\"}]}");
      assertThat(last.status()).as(last.body()).isEqualTo(202);
    }
  }

  private static boolean isReady(HostView host) {
    return host.connected() && host.memoryBytes() == VMS_ON_A_HOST * FakeAgent.GIB;
  }

  private static List<HostView> hosts(TestServer server) throws Exception {
    return server.get("/v1/hosts").list(HostView.class);
  }
}
