package dev.ratoon.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.protocol.api.SpaceEvent;
import dev.ratoon.protocol.api.Upkeep;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A host says once that it runs low, and once that it has room again. */
final class LowSpaceTest {
  private static final long GIB = FakeAgent.GIB;

  @TempDir Path home;
  private TestServer server;
  private FakeAgent agent;
  private final List<SpaceEvent> events = new CopyOnWriteArrayList<>();

  @BeforeEach
  void start() throws Exception {
    server = TestServer.start(home);
    agent = FakeAgent.on(server);
    server.server.inventory().lowSpace().onChange(events::add);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  /** Of 1000 GiB. */
  private void free(long gib) {
    agent.diskFreeBytes = gib * GIB;
    agent.report();
    server.server.sweep();
  }

  private HostView host() throws Exception {
    return server.get("/v1/hosts/host-1").as(HostView.class);
  }

  @Test
  void eachCrossingIsToldOnceAndALittleMoreRoomIsNotRoom() throws Exception {
    free(101);
    assertThat(events).isEmpty();
    free(99);
    free(98);
    free(101);
    free(99);
    assertThat(events).hasSize(1);
    assertThat(events.getFirst().problem().orElseThrow())
        .satisfies(low -> {
          assertThat(low.code()).isEqualTo(ErrorCode.DISK_FULL);
          assertThat(low.detail()).isEqualTo("99 GiB of 1000 GiB are free, less than 10 %.");
        });
    assertThat(host().lowSpace()).isPresent();
    assertThat(server.server.inventory().lowSpace().count()).isOne();
    free(120);
    assertThat(events).hasSize(2);
    assertThat(events.getLast().problem()).isEmpty();
    assertThat(host().lowSpace()).isEmpty();
    free(99);
    assertThat(events).hasSize(3);
  }

  @Test
  void whatThePolicyWantsFreeTakesThePlaceOfTheSetting() throws Exception {
    server.put("/v1/cache-policies", "{\"minFreeBytes\": %d, \"pins\": []}".formatted(300 * GIB));
    free(299);
    assertThat(host().lowSpace().orElseThrow().detail())
        .isEqualTo("299 GiB of 1000 GiB are free, less than the 300 GiB that the policy wants.");
    server.put(
        "/v1/cache-policies?host=host-1", "{\"minFreeBytes\": %d, \"pins\": []}".formatted(GIB));
    free(20);
    assertThat(events)
        .extracting(event -> event.problem().isPresent())
        .containsExactly(true, false);
    server.delete("/v1/cache-policies?host=host-1");
    server.put("/v1/settings", Settings.DEFAULT.with(new Upkeep(0, 0)));
    free(1);
    assertThat(events).as("it is switched off").hasSize(2);
  }

  @Test
  void whoListensToEventsHearsOfIt() throws Exception {
    try (Socket socket =
        TestServer.trusting(home)
            .getSocketFactory()
            .createSocket("127.0.0.1", server.server.address().getPort())) {
      socket
          .getOutputStream()
          .write(
              ("GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
                      + server.token()
                      + "\r\n\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
      InputStream in = socket.getInputStream();
      readUntil(in, ":\n\n");
      free(99);
      assertThat(readUntil(in, "host-1")).contains("event: low-space\ndata: {");
    }
  }

  private static String readUntil(InputStream in, String mark) throws Exception {
    StringBuilder text = new StringBuilder();
    byte[] buffer = new byte[4096];
    while (text.indexOf(mark) < 0) {
      int count = in.read(buffer);
      assertThat(count).as(text.toString()).isPositive();
      text.append(new String(buffer, 0, count, StandardCharsets.UTF_8));
    }
    return text.toString();
  }
}
