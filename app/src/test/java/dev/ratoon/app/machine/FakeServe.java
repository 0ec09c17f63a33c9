package dev.ratoon.app.machine;

import com.sun.net.httpserver.HttpExchange;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.api.Health;
import dev.ratoon.testkit.HttpsFake;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

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

  private static void healthy(HttpExchange exchange) throws IOException {
    byte[] body =
        Json.mapper().writeValueAsBytes(new Health("ok", "fake", ProcessHandle.current().pid()));
    exchange.sendResponseHeaders(200, body.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(body);
    }
  }
}
