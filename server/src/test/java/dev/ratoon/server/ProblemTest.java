package dev.ratoon.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Fault;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ProblemTest {
  private TestServer server;

  @BeforeAll
  void start(@TempDir Path home) throws Exception {
    server = TestServer.start(home);
  }

  @AfterAll
  void stop() {
    server.close();
  }

  @Test
  void sendsProblemDocuments() throws Exception {
    Reply reply = server.get("/v1/vms/nobody");

    assertThat(reply.status()).isEqualTo(404);
    assertThat(reply.headers().firstValue("Content-Type")).contains("application/problem+json");
    assertThat(reply.problem().type()).isEqualTo("urn:ratoon:problem:not-found");
    assertThat(reply.problem().title()).contains("nobody");
    assertThat(reply.problem().fault()).isEqualTo(Fault.USER);
    assertThat(reply.problem().status()).isEqualTo(404);
  }

  @Test
  void knowsNoOtherPaths() throws Exception {
    assertThat(server.get("/v2/vms").status()).isEqualTo(404);
    assertThat(server.delete("/v1/health").status()).isEqualTo(404);
    assertThat(server.get("/v1/vms/").status()).isEqualTo(404);
  }

  @Test
  void refusesWhatItCannotRead() throws Exception {
    assertThat(server.post("/v1/vms", "{").problem().code()).isEqualTo(ErrorCode.INVALID_REQUEST);
    assertThat(server.get("/v1/vms?color=blue").problem().detail()).contains("color");
    assertThat(server.get("/v1/operations?limit=0").problem().code())
        .isEqualTo(ErrorCode.INVALID_REQUEST);
    assertThat(server.get("/v1/operations/17").problem().code()).isEqualTo(ErrorCode.INVALID_VALUE);
    assertThat(server.upload("/v1/images", new byte[1]).problem().detail()).contains("image");
    assertThat(server.post("/v1/vms/x/start?force=1", "").problem().code())
        .isEqualTo(ErrorCode.INVALID_REQUEST);
  }

  /** Many times: an answer may not get lost because the client is still sending. */
  @Test
  void boundsTheBody() throws Exception {
    String large = "{\"name\": \"" + "x".repeat(2 << 20) + "\"}";
    for (int i = 0; i < 50; i++) {
      Reply reply = server.post("/v1/vms", large);

      assertThat(reply.status()).isEqualTo(413);
      assertThat(reply.problem().code()).isEqualTo(ErrorCode.TOO_LARGE);
    }
  }

  @Test
  void readsWhatNobodyWantsBeforeItAnswers() throws Exception {
    for (int i = 0; i < 50; i++) {
      assertThat(server.post("/v1/vms/nobody/start", "x".repeat(1 << 20)).status()).isEqualTo(404);
      assertThat(server.post("/v2/vms", "x".repeat(1 << 20)).status()).isEqualTo(404);
    }
  }

  @Test
  void showsMetricsAndItsDocument() throws Exception {
    server.get("/v1/health");

    assertThat(server.get("/v1/metrics").body())
        .contains("ratoon_http_requests_seconds_count{endpoint=\"health\",status=\"200\"}")
        .contains("ratoon_vms{state=\"running\"}");
    assertThat(
            server
                .get("/v1/openapi.json")
                .json()
                .at("/paths/~1v1~1vms/post/operationId")
                .asString())
        .isEqualTo("vm-deploy");
  }
}
