package dev.ratoon.app.machine;

import com.sun.net.httpserver.HttpExchange;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.api.Health;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.testkit.HttpsFake;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** A server process as seen from outside: it takes the lock, answers for its health, and stays. */
final class FakeServe {
  private FakeServe() {}

  public static void main(String[] args) throws Exception {
    DataFolder folder = DataFolder.of(System.getenv());
    if (args.length > 0) {
      System.out.println("cannot: " + args[0]);
      System.exit(3);
    }
    try (RunLock _ = RunLock.take(folder);
        HttpsFake fake = HttpsFake.start(FakeServe::healthy)) {
      Path client = Files.createDirectories(folder.home().resolve("client"));
      Files.writeString(client.resolve("admin.token"), "secret");
      Files.writeString(client.resolve("ca.pem"), fake.certificatePem());
      Files.writeString(client.resolve("server.url"), fake.url());
      Thread.currentThread().join();
    }
  }

  private static HostView host() {
    return new HostView(
        new HostId(new UUID(1, 2)),
        new EntityName("h1"),
        true,
        Instant.EPOCH,
        1,
        1,
        0,
        1,
        1,
        "tcg",
        "fake",
        List.of(),
        List.of(),
        false,
        0,
        0,
        Optional.empty(),
        List.of(),
        Optional.empty(),
        List.of(),
        false,
        List.of(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        false);
  }

  private static void healthy(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    byte[] body =
        path.equals("/v1/hosts")
            ? Json.mapper().writeValueAsBytes(List.of(host()))
            : Json.mapper()
                .writeValueAsBytes(new Health("ok", "fake", ProcessHandle.current().pid()));
    exchange.sendResponseHeaders(200, body.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(body);
    }
  }
}
