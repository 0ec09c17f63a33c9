package dev.ratoon.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.OperationStep;
import dev.ratoon.protocol.api.ImageView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.server.store.DatabaseAddress;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ImageApiTest {
  @TempDir Path home;
  private TestServer server;

  @BeforeEach
  void start() throws Exception {
    server = TestServer.start(home);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void importsAnImage() throws Exception {
    byte[] disk = disk(1, 4 << 20);

    OperationView ended = ended(server.upload("/v1/images?image=a:1&firmware=uefi", disk));

    assertThat(ended.state()).isEqualTo(OperationState.DONE);
    assertThat(ended.steps())
        .extracting(OperationStep::name)
        .containsExactly("upload", "read", "verify", "publish");
    assertThat(ended.steps()).allMatch(step -> step.ended().isPresent());
    assertThat(ended.steps().getFirst().bytesDone()).isEqualTo(disk.length);
    assertThat(ended.result().orElseThrow()).contains("base disk ");
    ImageView image = server.get("/v1/images/a:1").as(ImageView.class);
    assertThat(image.sizeBytes()).isEqualTo(disk.length);
    assertThat(image.sourceFormat()).isEqualTo("raw");
    assertThat(incoming()).isEmpty();
  }

  @Test
  void importsWithoutKnowingTheLength() throws Exception {
    byte[] disk = disk(2, 3 << 20);

    Reply reply =
        server.send(
            server
                .request("/v1/images?image=a")
                .POST(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(disk))));

    assertThat(ended(reply).state()).isEqualTo(OperationState.DONE);
    assertThat(server.get("/v1/images").list(ImageView.class).getFirst().sizeBytes())
        .isEqualTo(disk.length);
  }

  @Test
  void refusesATakenNameAndSharesEqualContent() throws Exception {
    byte[] disk = disk(3, 1 << 20);
    ended(server.upload("/v1/images?image=a", disk));

    // Little: a refusal comes before all of it is read, and this client then loses the answer.
    assertThat(server.upload("/v1/images?image=a", disk(3, 512)).problem().code())
        .isEqualTo(ErrorCode.NAME_TAKEN);
    OperationView again = ended(server.upload("/v1/images?image=b", disk));

    assertThat(again.result().orElseThrow()).contains("already there");
    List<ImageView> images = server.get("/v1/images").list(ImageView.class);
    assertThat(images.stream().map(ImageView::diskId).distinct()).hasSize(1);
    assertThat(server.delete("/v1/images/a").status()).isEqualTo(200);
    assertThat(server.get("/v1/images").list(ImageView.class)).hasSize(1);
    assertThat(server.delete("/v1/images/a").status()).isEqualTo(404);
  }

  @Test
  void keepsNothingOfAFileThatIsNoImage() throws Exception {
    OperationView ended =
        ended(
            server.upload(
                "/v1/images?image=a&file=notes.txt", "hello".getBytes(StandardCharsets.UTF_8)));

    assertThat(ended.state()).isEqualTo(OperationState.FAILED);
    assertThat(ended.problem().orElseThrow().code()).isEqualTo(ErrorCode.NOT_AN_IMAGE);
    assertThat(server.get("/v1/images").list(ImageView.class)).isEmpty();
    assertThat(incoming()).isEmpty();
  }

  @Test
  void keepsNothingOfAnInterruptedUpload() throws Exception {
    try (Socket socket =
        TestServer.trusting(home)
            .getSocketFactory()
            .createSocket("127.0.0.1", server.server.address().getPort())) {
      OutputStream out = socket.getOutputStream();
      String head =
          "POST /v1/images?image=a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
              + "Authorization: Bearer "
              + server.token()
              + "\r\n\r\n";
      out.write(head.getBytes(StandardCharsets.US_ASCII));
      out.write(new byte[300_000]);
      out.flush();
      while (operations().isEmpty()) {
        Thread.onSpinWait();
      }
    }

    OperationView ended = server.ended(operations().getFirst());

    assertThat(ended.state()).isEqualTo(OperationState.FAILED);
    assertThat(ended.problem().orElseThrow().code()).isEqualTo(ErrorCode.UPLOAD_INTERRUPTED);
    assertThat(incoming()).isEmpty();
  }

  @Test
  void failsImportsThatACrashCutShort() throws Exception {
    Socket socket =
        TestServer.trusting(home)
            .getSocketFactory()
            .createSocket("127.0.0.1", server.server.address().getPort());
    try (socket) {
      OutputStream out = socket.getOutputStream();
      String head =
          "POST /v1/images?image=a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
              + "Authorization: Bearer "
              + server.token()
              + "\r\n\r\n";
      out.write(head.getBytes(StandardCharsets.US_ASCII));
      out.flush();
      while (operations().isEmpty()) {
        Thread.onSpinWait();
      }
      Path copy = Files.createDirectory(home.resolve("copy"));
      // What a killed server leaves behind is what lies on the disk at that moment.
      copyTree(home.resolve("server"), copy.resolve("server"));
      copyTree(home.resolve("client"), copy.resolve("client"));
      Files.createDirectories(copy.resolve("cache"));
      if (TestDatabase.isShared()) {
        TestDatabase.share(copy, TestDatabase.of(home));
        endLease();
      }
      try (TestServer next = TestServer.start(copy)) {
        OperationView ended =
            next.ended(next.get("/v1/operations").list(OperationView.class).getFirst());
        assertThat(ended.state()).isEqualTo(OperationState.FAILED);
        assertThat(ended.problem().orElseThrow().code()).isEqualTo(ErrorCode.INTERRUPTED);
        assertThat(ended.problem().orElseThrow().next()).contains("Add the image again");
      }
    }
  }

  /** As when the killed server has been silent for long enough. */
  private void endLease() throws SQLException {
    String url = ((DatabaseAddress.Shared) TestDatabase.of(home)).url();
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement()) {
      assertThat(statement.executeUpdate("update server set ended_at = 1")).isEqualTo(1);
    }
  }

  @Test
  void tellsListenersHowAnImportGoes() throws Exception {
    byte[] disk = disk(4, 1 << 20);
    OperationView begun = server.upload("/v1/images?image=a", disk).as(OperationView.class);

    Reply stream = server.get("/v1/events?operation=" + begun.id());

    assertThat(stream.headers().firstValue("Content-Type")).contains("text/event-stream");
    assertThat(stream.body()).contains("event: operation\ndata: {").contains("\"state\":\"done\"");
  }

  @Test
  void streamsEventsOverPlainHttp1() throws Exception {
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
      ended(server.upload("/v1/images?image=a", disk(5, 1 << 20)));
      assertThat(readUntil(in, "\"state\":\"done\"")).contains("event: operation");
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

  private static void copyTree(Path from, Path to) throws Exception {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file).toString()));
      }
    }
  }

  private List<OperationView> operations() throws Exception {
    return server.get("/v1/operations").list(OperationView.class);
  }

  private OperationView ended(Reply reply) throws Exception {
    assertThat(reply.status()).as(reply.body()).isEqualTo(202);
    return server.ended(reply.as(OperationView.class));
  }

  private List<Path> incoming() throws Exception {
    try (Stream<Path> files = Files.list(home.resolve("cache/incoming"))) {
      return files.toList();
    }
  }

  private static byte[] disk(int seed, int bytes) {
    byte[] disk = new byte[bytes];
    new Random(seed).nextBytes(disk);
    disk[510] = 0x55;
    disk[511] = (byte) 0xaa;
    return disk;
  }
}
