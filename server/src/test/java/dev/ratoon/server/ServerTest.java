package dev.ratoon.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.protocol.api.Health;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ServerTest {
  @TempDir Path home;

  @Test
  void isHealthyOverTls() throws Exception {
    try (TestServer server = TestServer.start(home)) {
      Reply reply = server.send(HttpRequest.newBuilder(server.uri("/v1/health")).GET());

      assertThat(reply.status()).isEqualTo(200);
      assertThat(reply.as(Health.class))
          .isEqualTo(new Health("ok", "0-test", ProcessHandle.current().pid()));
    }
  }

  @Test
  void leavesWhatClientsOfThisMachineNeed() throws Exception {
    try (TestServer server = TestServer.start(home)) {
      assertThat(Files.readString(home.resolve("client/server.url")).strip())
          .isEqualTo(server.server.address().toString());
      for (String secret :
          new String[] {"client/admin.token", "server/ca.key", "server/server.key"}) {
        assertThat(
                PosixFilePermissions.toString(Files.getPosixFilePermissions(home.resolve(secret))))
            .isEqualTo("rw-------");
      }
      assertThat(
              PosixFilePermissions.toString(Files.getPosixFilePermissions(home.resolve("server"))))
          .isEqualTo("rwx------");
    }
  }

  @Test
  void keepsItsTokenAndAuthorityOverRestarts() throws Exception {
    String token;
    String authority;
    try (TestServer server = TestServer.start(home)) {
      token = server.token();
      authority = Files.readString(home.resolve("client/ca.pem"));
    }
    try (TestServer server = TestServer.start(home)) {
      assertThat(server.token()).isEqualTo(token);
      assertThat(Files.readString(home.resolve("client/ca.pem"))).isEqualTo(authority);
      assertThat(server.get("/v1/settings").status()).isEqualTo(200);
    }
  }
}
