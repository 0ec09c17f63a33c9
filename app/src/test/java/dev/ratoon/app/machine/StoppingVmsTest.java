package dev.ratoon.app.machine;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Terminal;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.OperationId;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.Problem;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.ProblemDetails;
import dev.ratoon.protocol.api.StopRequest;
import dev.ratoon.protocol.api.VmView;
import dev.ratoon.testkit.HttpsFake;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoppingVmsTest {
  private static final VmView RUNS = VmSample.vm(1, "runs", VmState.RUNNING, "running");
  private static final VmView DEPLOYS = VmSample.vm(2, "deploys", VmState.DEPLOYING, "running");
  private static final VmView UNSEEN = VmSample.vm(3, "unseen", VmState.FAILED, "running");
  private static final VmView STOPPED = VmSample.vm(4, "stopped", VmState.STOPPED, "stopped");
  private static final VmView STUCK = VmSample.vm(5, "stuck", VmState.RUNNING, "running");

  @TempDir Path home;
  private final List<String> stopped = new CopyOnWriteArrayList<>();
  private final ByteArrayOutputStream said = new ByteArrayOutputStream();
  private List<VmView> vms = List.of();
  private boolean deployed;

  @Test
  void stopsWhatIsAliveAndWaitsForWhatIsUnderWay() throws IOException {
    vms = List.of(RUNS, DEPLOYS, UNSEEN, STOPPED);
    assertThat(stopAll()).isEmpty();
    assertThat(stopped).containsExactly("runs", "unseen", "deploys");
  }

  @Test
  void stopsTheOthersWhereOneCannotBeStopped() throws IOException {
    vms = List.of(STUCK, RUNS);
    assertThat(stopAll()).containsExactly("stuck");
    assertThat(stopped).containsExactly("runs");
    assertThat(said.toString(StandardCharsets.UTF_8)).contains("(hypervisor-unavailable)");
  }

  private List<String> stopAll() throws IOException {
    PrintStream out = new PrintStream(said, true, StandardCharsets.UTF_8);
    try (HttpsFake fake = HttpsFake.start(this::answer)) {
      Path client = Files.createDirectories(home.resolve("client"));
      Files.writeString(client.resolve("server.url"), fake.url());
      Files.writeString(client.resolve("admin.token"), "secret");
      Files.writeString(client.resolve("ca.pem"), fake.certificatePem());
      try (Session session =
          new Session(
              new Terminal(out, out, false, false, false, 80),
              InputStream.nullInputStream(),
              Map.of("RATOON_HOME", home.toString()),
              () -> Instant.EPOCH)) {
        return new StoppingVms(session, new StopRequest(0), Duration.ofSeconds(5))
            .stopAll().stream().map(name -> name.text()).toList();
      }
    }
  }

  /** The deploy ends as soon as somebody waits for it. */
  private void answer(HttpExchange exchange) throws IOException {
    exchange.getRequestBody().readAllBytes();
    String path = exchange.getRequestURI().getPath();
    if (path.equals("/v1/vms")) {
      send(exchange, 200, vms);
    } else if (path.equals("/v1/operations")) {
      send(exchange, 200, List.of(operation(DEPLOYS, OperationState.RUNNING)));
    } else if (path.startsWith("/v1/operations/")) {
      deployed = true;
      send(exchange, 200, operation(DEPLOYS, OperationState.DONE));
    } else {
      VmView vm =
          vms.stream().filter(v -> path.contains(v.id().toString())).findFirst().orElseThrow();
      if (vm.equals(STUCK)) {
        refuse(exchange, ErrorCode.HYPERVISOR_UNAVAILABLE);
      } else if (vm.equals(DEPLOYS) && !deployed) {
        refuse(exchange, ErrorCode.WRONG_STATE);
      } else {
        stopped.add(vm.name().text());
        send(exchange, 202, operation(vm, OperationState.DONE));
      }
    }
  }

  private static void refuse(HttpExchange exchange, ErrorCode code) throws IOException {
    send(exchange, 409, ProblemDetails.of(Problem.of(code, "stopping"), 409));
  }

  private static OperationView operation(VmView vm, OperationState state) {
    return new OperationView(
        new OperationId(new UUID(1, vm.id().uuid().getLeastSignificantBits())),
        OperationKind.STOP,
        vm.name().text(),
        Optional.of(vm.id()),
        state,
        List.of(),
        Optional.empty(),
        Optional.empty(),
        Instant.EPOCH,
        state.ended() ? Optional.of(Instant.EPOCH) : Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  private static void send(HttpExchange exchange, int status, Object value) throws IOException {
    byte[] body = Json.mapper().writeValueAsBytes(value);
    exchange.sendResponseHeaders(status, body.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(body);
    }
  }
}
