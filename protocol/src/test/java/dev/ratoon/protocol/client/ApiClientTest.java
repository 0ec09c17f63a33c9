package dev.ratoon.protocol.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import dev.ratoon.model.CloudInit;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.OperationId;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.protocol.Endpoints;
import dev.ratoon.protocol.ImageEndpoints;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.VmEndpoints;
import dev.ratoon.protocol.api.DeployRequest;
import dev.ratoon.protocol.api.DiskRequest;
import dev.ratoon.protocol.api.Health;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.ProblemDetails;
import dev.ratoon.protocol.api.StopRequest;
import dev.ratoon.testkit.HttpsFake;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApiClientTest {
  private static final byte[] HEALTHY = json(new Health("ok", "1", 42));
  private static final DeployRequest DEPLOY =
      new DeployRequest(
          new EntityName("a"),
          1,
          List.of(new DiskRequest(Optional.empty(), Optional.of(1L << 30), Optional.empty())),
          1,
          Optional.empty(),
          List.of(),
          Optional.empty(),
          RestartPolicy.ON_FAILURE,
          CloudInit.NONE,
          Optional.empty(),
          false);
  private static final Params DISK = Params.of("vm", "a").with("disk", 0);
  @TempDir Path folder;

  @Test
  void callsOverOneConnection() {
    List<String> asked = new CopyOnWriteArrayList<>();
    AtomicInteger ports = new AtomicInteger();
    HttpHandler handler =
        exchange -> {
          asked.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
          asked.add(exchange.getRequestHeaders().getFirst("Authorization"));
          ports.addAndGet(exchange.getRemoteAddress().getPort());
          answer(exchange, 200, HEALTHY);
        };
    try (HttpsFake fake = HttpsFake.start(handler);
        ApiClient client = client(fake)) {
      assertThat(client.call(Endpoints.HEALTH, Params.NONE).processId()).isEqualTo(42);
      int first = ports.getAndSet(0);
      assertThat(client.call(Endpoints.HEALTH, Params.NONE).status()).isEqualTo("ok");
      assertThat(ports.get()).isEqualTo(first);
    }
    assertThat(asked).startsWith("GET /v1/health", "Bearer secret");
  }

  @Test
  void callsAtTheSameTimeKeepTheirConnections() throws Exception {
    Set<Integer> ports = ConcurrentHashMap.newKeySet();
    CyclicBarrier together = new CyclicBarrier(2);
    HttpHandler handler =
        exchange -> {
          ports.add(exchange.getRemoteAddress().getPort());
          try {
            together.await(20, TimeUnit.SECONDS);
          } catch (InterruptedException | BrokenBarrierException | TimeoutException alone) {
            throw new IOException(alone);
          }
          answer(exchange, 200, HEALTHY);
        };
    try (HttpsFake fake = HttpsFake.start(handler);
        ApiClient client = client(fake);
        ExecutorService other = Executors.newSingleThreadExecutor()) {
      for (int round = 0; round < 5; round++) {
        Future<Health> call = other.submit(() -> client.call(Endpoints.HEALTH, Params.NONE));
        assertThat(client.call(Endpoints.HEALTH, Params.NONE).processId()).isEqualTo(42);
        assertThat(call.get(20, TimeUnit.SECONDS).processId()).isEqualTo(42);
      }
    }
    assertThat(ports).hasSize(2);
  }

  @Test
  void readsChunkedAnswersOfAnySize() {
    byte[] large = new byte[3_000_000];
    new Random(7).nextBytes(large);
    HttpHandler handler =
        exchange -> {
          exchange.getResponseHeaders().set("Ratoon-Next-Offset", "9");
          exchange.sendResponseHeaders(200, 0);
          try (OutputStream body = exchange.getResponseBody()) {
            body.write(large, 0, 10);
            body.flush();
            body.write(large, 10, large.length - 10);
          }
        };
    try (HttpsFake fake = HttpsFake.start(handler);
        ApiClient client = client(fake)) {
      for (int round = 0; round < 2; round++) {
        Answer answer =
            client.bytes(VmEndpoints.VM_CONSOLE, Params.of("vm", "a").with("offset", -5));
        assertThat(answer.body()).isEqualTo(large);
        assertThat(answer.header("ratoon-next-offset")).contains("9");
      }
    }
  }

  @Test
  void streamsAnAnswerToWhoeverReadsIt() {
    byte[] large = new byte[3_000_000];
    new Random(8).nextBytes(large);
    try (HttpsFake fake = HttpsFake.start(exchange -> chunked(exchange, large, true));
        ApiClient client = client(fake)) {
      assertThat(client.onThisMachine()).isTrue();
      byte[] read =
          client.stream(VmEndpoints.VM_EXPORT, DISK, "exporting", InputStream::readAllBytes);
      assertThat(read).isEqualTo(large);
      int[] single = {0};
      client.stream(
          VmEndpoints.VM_EXPORT,
          DISK,
          "exporting",
          body -> {
            single[0] = body.read();
            return body.read(new byte[0]);
          });
      assertThat(single[0]).isEqualTo(large[0] & 0xff);
    }
  }

  @Test
  void aStreamThatBreaksIsAFailureAndNotAnEnd() {
    byte[] large = new byte[300_000];
    AtomicInteger asked = new AtomicInteger();
    HttpHandler handler =
        exchange -> {
          asked.incrementAndGet();
          chunked(exchange, large, false);
        };
    try (HttpsFake fake = HttpsFake.start(handler);
        ApiClient client = client(fake)) {
      assertThatThrownBy(() ->
              client.stream(VmEndpoints.VM_EXPORT, DISK, "exporting a", InputStream::readAllBytes))
          .isInstanceOfSatisfying(
              RatoonException.class,
              e -> {
                assertThat(e.problem().code()).isEqualTo(ErrorCode.SERVER_UNREACHABLE);
                assertThat(e.problem().doing()).isEqualTo("exporting a");
              });
    }
    assertThat(asked).hasValue(1);
  }

  @Test
  void aStreamThatIsRefusedIsNotRead() {
    Problem problem = Problem.of(ErrorCode.WRONG_STATE, "exporting").next("Stop it.");
    HttpHandler handler = exchange -> answer(exchange, 409, json(ProblemDetails.of(problem, 409)));
    try (HttpsFake fake = HttpsFake.start(handler);
        ApiClient client = client(fake)) {
      assertThatThrownBy(() ->
              client.stream(
                  VmEndpoints.VM_EXPORT,
                  DISK,
                  "exporting",
                  body -> {
                    throw new AssertionError("read");
                  }))
          .isInstanceOfSatisfying(
              RatoonException.class, e -> assertThat(e.problem()).isEqualTo(problem));
    }
  }

  /** Answers in chunks; one that is not ended has its connection closed under it. */
  private static void chunked(HttpExchange exchange, byte[] body, boolean ended)
      throws IOException {
    exchange.sendResponseHeaders(200, 0);
    OutputStream out = exchange.getResponseBody();
    out.write(body);
    out.flush();
    if (ended) {
      out.close();
    } else {
      throw new IOException("broken on purpose");
    }
  }

  @Test
  void throwsTheServersProblem() {
    Problem problem =
        Problem.of(ErrorCode.IN_USE, "deleting 'a'").detail("b uses it.").next("Delete b.");
    HttpHandler handler = exchange -> answer(exchange, 409, json(ProblemDetails.of(problem, 409)));
    try (HttpsFake fake = HttpsFake.start(handler);
        ApiClient client = client(fake)) {
      assertThatThrownBy(() -> client.call(ImageEndpoints.IMAGE_DELETE, Params.of("image", "a")))
          .isInstanceOfSatisfying(
              RatoonException.class, e -> assertThat(e.problem()).isEqualTo(problem));
    }
  }

  @Test
  void repeatsABrokenDeployWithTheSameKey() {
    List<String> keys = new CopyOnWriteArrayList<>();
    HttpHandler handler =
        exchange -> {
          keys.add(exchange.getRequestHeaders().getFirst("Idempotency-Key"));
          exchange.getRequestBody().readAllBytes();
          if (keys.size() == 1) {
            exchange.close();
          } else {
            answer(exchange, 202, json(List.of(operation(OperationState.RUNNING))));
          }
        };
    try (HttpsFake fake = HttpsFake.start(handler);
        ApiClient client = client(fake)) {
      client.list(VmEndpoints.VM_DEPLOY, Params.NONE, DEPLOY);
    }
    assertThat(keys).hasSize(2);
    assertThat(keys.get(0)).isEqualTo(keys.get(1)).hasSize(36);
  }

  @Test
  void repeatsNothingThatTheServerWouldDoTwice() {
    AtomicInteger calls = new AtomicInteger();
    HttpHandler handler =
        exchange -> {
          calls.incrementAndGet();
          exchange.getRequestBody().readAllBytes();
          exchange.close();
        };
    try (HttpsFake fake = HttpsFake.start(handler);
        ApiClient client = client(fake)) {
      assertThatThrownBy(
              () -> client.call(VmEndpoints.VM_STOP, Params.of("vm", "a"), new StopRequest(3)))
          .isInstanceOfSatisfying(
              RatoonException.class,
              e -> {
                assertThat(e.problem().code()).isEqualTo(ErrorCode.SERVER_UNREACHABLE);
                assertThat(e.problem().detail()).contains("not known whether");
                assertThat(e.problem().next()).contains("ratoon operation list");
              });
      assertThat(calls).hasValue(1);
      assertThatThrownBy(() -> client.call(VmEndpoints.VM_SHOW, Params.of("vm", "a")))
          .isInstanceOfSatisfying(
              RatoonException.class,
              e -> assertThat(e.problem().detail()).doesNotContain("not known"));
      assertThat(calls).hasValue(4);
    }
  }

  @Test
  void saysThatNobodyAnswers() {
    HttpsFake fake = HttpsFake.start(exchange -> {});
    ApiClient client = client(fake);
    fake.close();
    assertThat(code(() -> client.call(Endpoints.HEALTH, Params.NONE)))
        .isEqualTo(ErrorCode.SERVER_UNREACHABLE);
  }

  @Test
  void trustsNoOtherAuthority() throws IOException {
    String other;
    try (InputStream pem = getClass().getResourceAsStream("other-authority.pem")) {
      other =
          new String(
              java.util.Objects.requireNonNull(pem).readAllBytes(), StandardCharsets.US_ASCII);
    }
    try (HttpsFake fake = HttpsFake.start(exchange -> answer(exchange, 200, HEALTHY));
        ApiClient client =
            new ApiClient(new ServerAccess(URI.create(fake.url()), "secret", other))) {
      assertThatThrownBy(() -> client.call(Endpoints.HEALTH, Params.NONE))
          .isInstanceOf(RatoonException.class)
          .hasMessageContaining("not the server that this machine knows");
    }
  }

  @Test
  void uploadsAFileAsItIs() throws IOException {
    byte[] content = new byte[5_000_001];
    new Random(3).nextBytes(content);
    Path file = Files.write(folder.resolve("disk.raw"), content);
    AtomicReference<byte[]> received = new AtomicReference<>();
    HttpHandler handler =
        exchange -> {
          received.set(exchange.getRequestBody().readAllBytes());
          answer(exchange, 202, json(operation(OperationState.RUNNING)));
        };
    List<Long> progress = new ArrayList<>();
    try (HttpsFake fake = HttpsFake.start(handler);
        ApiClient client = client(fake)) {
      client.upload(Params.of("image", "a:1").with("file", "disk.raw"), file, progress::add);
    }
    assertThat(Arrays.equals(received.get(), content)).isTrue();
    assertThat(progress).isSorted().last().isEqualTo((long) content.length);
  }

  @Test
  void hearsARefusalBeforeAllIsSent() throws IOException {
    Path file = folder.resolve("large.raw");
    try (var out = new java.io.RandomAccessFile(file.toFile(), "rw")) {
      out.setLength(1L << 30);
    }
    Problem problem = Problem.of(ErrorCode.NOT_AN_IMAGE, "importing 'large.raw'").detail("Empty.");
    HttpHandler handler =
        exchange -> {
          exchange.getRequestBody().readNBytes(100_000);
          byte[] body = json(ProblemDetails.of(problem, 422));
          exchange.sendResponseHeaders(422, body.length);
          exchange.getResponseBody().write(body);
          exchange.getResponseBody().flush();
          // Deliberately reads no further and does not close: the sender must not wait for that.
        };
    try (HttpsFake fake = HttpsFake.start(handler);
        ApiClient client = client(fake)) {
      assertThat(code(() -> client.upload(Params.of("image", "a"), file, n -> {})))
          .isEqualTo(ErrorCode.NOT_AN_IMAGE);
    }
  }

  @Test
  void followsOperationsAcrossABrokenStream() {
    AtomicInteger streams = new AtomicInteger();
    HttpHandler handler =
        exchange -> {
          int stream = streams.incrementAndGet();
          exchange.sendResponseHeaders(200, 0);
          try (OutputStream body = exchange.getResponseBody()) {
            body.write(": alive\n\nevent: other\ndata: {}\n\n".getBytes(StandardCharsets.UTF_8));
            OperationState state = stream == 1 ? OperationState.RUNNING : OperationState.DONE;
            body.write("event: operation\r\ndata: ".getBytes(StandardCharsets.UTF_8));
            body.write(json(operation(state)));
            body.write("\r\n\r\n".getBytes(StandardCharsets.UTF_8));
          }
        };
    List<String> seen = new ArrayList<>();
    try (HttpsFake fake = HttpsFake.start(handler);
        ApiClient client = client(fake)) {
      client.follow(
          Params.NONE,
          new OperationListener() {
            @Override
            public boolean connected() {
              seen.add("connected");
              return true;
            }

            @Override
            public boolean changed(OperationView operation) {
              seen.add(operation.state().name());
              return !operation.state().ended();
            }
          });
    }
    assertThat(seen).containsExactly("connected", "RUNNING", "connected", "DONE");
  }

  @Test
  void findsTheServerThatThisMachineStarted() throws IOException {
    assertThat(code(() -> ServerAccess.find(Map.of("RATOON_HOME", folder.toString()))))
        .isEqualTo(ErrorCode.SERVER_UNREACHABLE);
    Path client = Files.createDirectory(folder.resolve("client"));
    Files.writeString(client.resolve("server.url"), "https://127.0.0.1:7800\n");
    Files.writeString(client.resolve("admin.token"), "one\n");
    Files.writeString(client.resolve("ca.pem"), "pem");
    Map<String, String> home = Map.of("RATOON_HOME", folder.toString());
    assertThat(ServerAccess.find(home))
        .isEqualTo(new ServerAccess(URI.create("https://127.0.0.1:7800"), "one", "pem"));
    Map<String, String> elsewhere =
        Map.of("RATOON_HOME", folder.toString(), "RATOON_SERVER", "other:1", "RATOON_TOKEN", "two");
    assertThat(ServerAccess.find(elsewhere))
        .isEqualTo(new ServerAccess(URI.create("https://other:1"), "two", "pem"));
  }

  @Test
  void escapesWhatAPathMayNotHold() {
    assertThat(Params.of("image", "a b/c:1").target(ImageEndpoints.IMAGE_SHOW))
        .isEqualTo("/v1/images/a%20b%2Fc:1");
    assertThat(Params.of("image", "a&b").with("file", "ä=?").target(ImageEndpoints.IMAGE_ADD))
        .isEqualTo("/v1/images?image=a%26b&file=%C3%A4%3D%3F");
  }

  private static OperationView operation(OperationState state) {
    return new OperationView(
        new OperationId(new UUID(0, 1)),
        OperationKind.IMPORT,
        "a",
        Optional.empty(),
        state,
        List.of(),
        Optional.empty(),
        Optional.empty(),
        Instant.EPOCH,
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  private static ApiClient client(HttpsFake fake) {
    return new ApiClient(new ServerAccess(URI.create(fake.url()), "secret", fake.certificatePem()));
  }

  private static ErrorCode code(Runnable call) {
    try {
      call.run();
    } catch (RatoonException expected) {
      return expected.problem().code();
    }
    throw new AssertionError("nothing was thrown");
  }

  private static byte[] json(Object value) {
    return Json.mapper().writeValueAsBytes(value);
  }

  private static void answer(HttpExchange exchange, int status, byte[] body) throws IOException {
    exchange.sendResponseHeaders(status, body.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(body);
    }
  }
}
