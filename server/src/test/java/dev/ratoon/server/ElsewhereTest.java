package dev.ratoon.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.api.JoinTokenRequest;
import dev.ratoon.protocol.api.JoinTokenView;
import dev.ratoon.protocol.client.ApiClient;
import dev.ratoon.protocol.client.AuthorityCheck;
import dev.ratoon.protocol.client.ClientCertificate;
import dev.ratoon.protocol.client.Params;
import dev.ratoon.protocol.client.ServerAccess;
import dev.ratoon.protocol.fleet.AgentEndpoints;
import dev.ratoon.protocol.fleet.Ask;
import dev.ratoon.protocol.fleet.JoinAnswer;
import dev.ratoon.protocol.fleet.JoinRequest;
import dev.ratoon.protocol.fleet.JoinToken;
import dev.ratoon.protocol.tls.Pem;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A console is asked for on a server to which the host's agent is not connected. */
final class ElsewhereTest {
  @TempDir Path home;

  @Test
  void theAgentAnswersTheServerThatWasAsked() throws Exception {
    HostId host = new HostId(UUID.randomUUID());
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    KeyPair keys = generator.generateKeyPair();
    try (Servers servers = new Servers(home, 2)) {
      TestServer asked = servers.get(0);
      TestServer connected = servers.get(1);
      JoinAnswer joined = join(asked, host, keys);
      try (ApiClient agent = agent(connected.server.address(), joined, keys)) {
        // It joined through the other: this one knows it all the same.
        agent.call(AgentEndpoints.REPORT, Params.NONE, FakeAgent.emptyReport(host, "h2"));
        awaitConnected(asked);
        Reply deployed =
            asked.post("/v1/vms", "{\"name\": \"web\", \"disks\": [{\"sizeBytes\": 1048576}]}");
        assertThat(deployed.status()).as(deployed.body()).isEqualTo(202);
        CompletableFuture<Reply> console =
            CompletableFuture.supplyAsync(() -> {
              try {
                return asked.get("/v1/vms/web/console?wait=20");
              } catch (Exception failed) {
                throw new IllegalStateException(failed);
              }
            });

        Ask ask =
            agent.list(AgentEndpoints.ASKS, Params.of("wait", 20)).stream()
                .findFirst()
                .orElseThrow();
        assertThat(ask.answerTo()).contains(asked.server.address().toString());
        try (ApiClient waiting = agent(URI.create(ask.answerTo().orElseThrow()), joined, keys)) {
          waiting.send(
              AgentEndpoints.ANSWER,
              Params.of("ask", ask.id()).with("next", 7),
              body -> body.write("login: ".getBytes(StandardCharsets.UTF_8)));
        }

        assertThat(console.join().body()).isEqualTo("login: ");
      }
    }
  }

  private static void awaitConnected(TestServer server) throws Exception {
    long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (server.get("/v1/hosts").list(HostView.class).stream().noneMatch(HostView::connected)) {
      assertThat(System.nanoTime()).as("known in time").isLessThan(end);
    }
  }

  private static JoinAnswer join(TestServer server, HostId host, KeyPair keys) throws Exception {
    JoinTokenRequest wanted = new JoinTokenRequest(Optional.empty(), List.of(), Optional.empty());
    JoinToken token =
        JoinToken.parse(server.post("/v1/join-tokens", wanted).as(JoinTokenView.class).token());
    String authority = AuthorityCheck.authority(server.server.address(), token.authoritySha256());
    JoinRequest request =
        new JoinRequest(
            token.secretText(),
            host,
            new EntityName("h2"),
            Base64.getEncoder().encodeToString(keys.getPublic().getEncoded()));
    try (ApiClient client =
        new ApiClient(new ServerAccess(server.server.address(), "", authority))) {
      return client.call(AgentEndpoints.JOIN, Params.NONE, request);
    }
  }

  private static ApiClient agent(URI server, JoinAnswer joined, KeyPair keys) throws Exception {
    return new ApiClient(
        new ServerAccess(
            server,
            "",
            joined.authority(),
            Optional.of(
                new ClientCertificate(keys.getPrivate(), Pem.certificate(joined.certificate())))));
  }
}
