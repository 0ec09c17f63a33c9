package dev.ratoon.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.OperationState;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.api.OperationView;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server whose clock is set by an hour, forward or back, goes on as if nothing had been. */
final class JumpingClockTest {
  @TempDir Path home;

  private static void addImage(TestServer server) throws Exception {
    Reply added = server.upload("/v1/images?image=tiny&file=tiny.raw", new byte[1 << 20]);
    assertThat(server.ended(added.as(OperationView.class)).state()).isEqualTo(OperationState.DONE);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, -1})
  void hostsStayConnectedAndDeploysGoOn(long hours) throws Exception {
    try (TestServer server = TestServer.start(home)) {
      FakeAgent agent = FakeAgent.on(server);
      addImage(server);
      OperationView before = deploy(server, "before");

      server.clock.advance(Duration.ofHours(hours));

      assertThat(server.get("/v1/hosts/host-1").as(HostView.class).connected()).isTrue();
      OperationView after = deploy(server, "after");
      agent.obey();
      for (OperationView deploy : new OperationView[] {before, after}) {
        OperationView ended = server.ended(deploy);
        assertThat(ended.state()).isEqualTo(OperationState.DONE);
      }
      server.server.sweep();
      server.clock.advance(Duration.ofHours(-hours));
      assertThat(server.get("/v1/hosts/host-1").as(HostView.class).connected()).isTrue();
    }
  }

  @Test
  void aRestartAfterTheClockWasSetBackFindsEverything() throws Exception {
    TestServer server = TestServer.start(home);
    FakeAgent agent = FakeAgent.on(server);
    addImage(server);
    OperationView deploy = deploy(server, "web");

    server.clock.advance(Duration.ofHours(-1));
    try (TestServer again = server.restart()) {
      agent.connect(again);
      agent.obey();

      assertThat(again.ended(deploy).state()).isEqualTo(OperationState.DONE);
      assertThat(again.get("/v1/hosts/host-1").as(HostView.class).problem()).isEmpty();
    }
  }

  private static OperationView deploy(TestServer server, String name) throws Exception {
    return server
        .post("/v1/vms", "{\"name\": \"" + name + "\", \"disks\": [{\"image\": \"tiny\"}]}")
        .list(OperationView.class)
        .getFirst();
  }
}
