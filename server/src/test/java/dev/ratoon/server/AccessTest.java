package dev.ratoon.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.protocol.Endpoint;
import dev.ratoon.protocol.Endpoints;
import dev.ratoon.protocol.Permission;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.TokenTable.Token;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class AccessTest {
  private static final String READER = "a token that may only look at settings";

  private TestServer server;

  static List<Endpoint<?, ?>> guarded() {
    return Endpoints.all().stream().filter(e -> e.permission() != Permission.PUBLIC).toList();
  }

  @BeforeAll
  void start(@TempDir Path home) throws Exception {
    TestServer.start(home).close();
    try (Database database = Database.open(TestDatabase.of(home))) {
      byte[] sha256 =
          MessageDigest.getInstance("SHA-256").digest(READER.getBytes(StandardCharsets.UTF_8));
      database.change(tx ->
          tx.tokens()
              .put(
                  new Token(
                      "default",
                      "reader",
                      HexFormat.of().formatHex(sha256),
                      Set.of(Permission.SETTINGS_READ)),
                  Instant.now()));
    }
    server = TestServer.start(home);
  }

  @AfterAll
  void stop() {
    server.close();
  }

  @ParameterizedTest
  @MethodSource("guarded")
  void needsATokenForEveryRow(Endpoint<?, ?> row) throws Exception {
    Reply without = server.send(request(row));
    Reply wrong = server.send(request(row).header("Authorization", "Bearer " + "0".repeat(64)));

    for (Reply reply : List.of(without, wrong)) {
      assertThat(reply.status()).isEqualTo(401);
      assertThat(reply.problem().code()).isEqualTo(ErrorCode.UNAUTHENTICATED);
      assertThat(reply.headers().firstValue("Content-Type")).contains("application/problem+json");
      assertThat(reply.headers().firstValue("WWW-Authenticate")).contains("Bearer");
    }
  }

  @ParameterizedTest
  @MethodSource("guarded")
  void needsTheRowsPermission(Endpoint<?, ?> row) throws Exception {
    Reply reply = server.send(request(row).header("Authorization", "Bearer " + READER));

    if (row.permission() == Permission.SETTINGS_READ) {
      assertThat(reply.status()).isEqualTo(200);
    } else {
      assertThat(reply.status()).isEqualTo(403);
      assertThat(reply.problem().code()).isEqualTo(ErrorCode.FORBIDDEN);
      assertThat(reply.problem().detail()).contains(row.permission().name());
    }
  }

  private HttpRequest.Builder request(Endpoint<?, ?> row) {
    String path = row.path().replaceAll("\\{[a-z]+\\}", "x");
    return HttpRequest.newBuilder(server.uri(path))
        .method(row.method().name(), BodyPublishers.noBody());
  }
}
