package dev.ratoon.cli;

import com.sun.net.httpserver.HttpExchange;
import dev.ratoon.model.DiskPart;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.Endpoint;
import dev.ratoon.protocol.Endpoints;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.api.BaseView;
import dev.ratoon.protocol.api.CachePolicy;
import dev.ratoon.protocol.api.CachePolicyView;
import dev.ratoon.protocol.api.DeployRequest;
import dev.ratoon.protocol.api.Health;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.ProblemDetails;
import dev.ratoon.protocol.api.QuotaView;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.protocol.api.TenantQuota;
import dev.ratoon.protocol.api.VmView;
import dev.ratoon.testkit.HttpsFake;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A server that answers every row of the API's table from {@link Samples}. An operation begins as
 * running and has ended when it is looked at; those about a name with {@code doomed} fail.
 */
final class FakeApi implements AutoCloseable {
  /** What was asked, as "id {parameters} body", in order. */
  final List<String> asked = new CopyOnWriteArrayList<>();

  private final HttpsFake server;
  private final Map<String, OperationView> operations =
      new java.util.concurrent.ConcurrentHashMap<>();

  /** The VMs that there are. */
  volatile List<VmView> vms =
      List.of(
          Samples.vm(1, "web-1", VmState.RUNNING),
          Samples.vm(2, "web-2", VmState.STOPPED),
          Samples.vm(3, "database", VmState.FAILED));

  volatile List<BaseView> bases = List.of(Samples.base());

  /** What the disks of stopped VMs hold. */
  volatile Disks disks =
      (vm, part, out) -> {
        throw Problem.of(ErrorCode.WRONG_STATE, "exporting disk 0 of " + vm.name())
            .detail("The VM runs, and its guest may write to the disk at any moment.")
            .next("Stop it first: ratoon vm stop " + vm.name())
            .asException();
      };

  private volatile Settings settings = Settings.DEFAULT;
  private volatile TenantQuota quota = TenantQuota.NONE;

  FakeApi() {
    server = HttpsFake.start(this::handle);
  }

  /** Sends a disk. */
  interface Disks {
    void send(VmView vm, DiskPart part, OutputStream out) throws IOException;
  }

  /** Leaves in a data folder what a started server leaves there. */
  FakeApi tell(Path home) throws IOException {
    Path client = Files.createDirectories(home.resolve("client"));
    Files.writeString(client.resolve("server.url"), server.url());
    Files.writeString(client.resolve("admin.token"), "secret\n");
    Files.writeString(client.resolve("ca.pem"), server.certificatePem());
    return this;
  }

  @Override
  public void close() {
    server.close();
  }

  /** Serves until it is ended: for measuring the launcher by hand. */
  public static void main(String[] args) throws Exception {
    try (FakeApi fake = new FakeApi().tell(Path.of(args[0]))) {
      System.out.println(fake.server.url());
      Thread.currentThread().join();
    }
  }

  private void handle(HttpExchange exchange) throws IOException {
    try {
      if (!"Bearer secret".equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
        throw Problem.of(ErrorCode.UNAUTHENTICATED, "asking").asException();
      }
      for (Endpoint<?, ?> endpoint : Endpoints.all()) {
        Matcher m = pattern(endpoint).matcher(exchange.getRequestURI().getPath());
        if (m.matches() && endpoint.method().name().equals(exchange.getRequestMethod())) {
          List<String> path = new ArrayList<>();
          for (int i = 1; i <= m.groupCount(); i++) {
            path.add(m.group(i));
          }
          answer(exchange, endpoint, path);
          return;
        }
      }
      throw Problem.of(ErrorCode.NOT_FOUND, "finding the endpoint").asException();
    } catch (RatoonException refused) {
      int status = refused.problem().code() == ErrorCode.NOT_FOUND ? 404 : 409;
      send(exchange, status, ProblemDetails.of(refused.problem(), status));
    }
  }

  private static Pattern pattern(Endpoint<?, ?> endpoint) {
    return Pattern.compile(endpoint.path().replaceAll("\\{[a-z]+}", "([^/]+)"));
  }

  private void answer(HttpExchange exchange, Endpoint<?, ?> endpoint, List<String> path)
      throws IOException {
    byte[] body = exchange.getRequestBody().readAllBytes();
    String query = exchange.getRequestURI().getQuery();
    String text = endpoint.request() == Endpoint.Bytes.class ? body.length + " bytes" : utf8(body);
    asked.add(
        (endpoint.id()
                + " "
                + String.join(" ", path)
                + (query == null ? "" : " ?" + query)
                + " "
                + text)
            .strip()
            .replaceAll(" +", " "));
    String first = path.isEmpty() ? "" : path.getFirst();
    switch (endpoint.id()) {
      case "health" -> send(exchange, 200, new Health("ok", "test", 1));
      case "image-list" -> send(exchange, 200, List.of(Samples.image()));
      case "image-show", "image-delete" ->
          send(exchange, 200, known(first, "debian:12", Samples.image()));
      case "image-add" ->
          send(
              exchange,
              202,
              begin(1, OperationKind.IMPORT, query.contains("doomed") ? "doomed" : "debian:12"));
      case "vm-list" -> send(exchange, 200, query == null ? vms : List.of());
      case "vm-show" -> send(exchange, 200, vm(first));
      case "vm-deploy" -> send(exchange, 202, deploy(Json.read(utf8(body), DeployRequest.class)));
      case "place" ->
          send(
              exchange, 200, Samples.placement(Json.read(utf8(body), DeployRequest.class).count()));
      case "vm-start" -> send(exchange, 202, operate(OperationKind.START, first));
      case "vm-stop" -> send(exchange, 202, operate(OperationKind.STOP, first));
      case "vm-delete" -> send(exchange, 202, operate(OperationKind.DELETE, first));
      case "vm-purge" -> send(exchange, 202, operate(OperationKind.PURGE, first));
      case "trash-empty" -> send(exchange, 202, List.of(begin(1, OperationKind.PURGE, "web-1")));
      case "cache-policies" -> send(exchange, 200, Samples.policies());
      case "cache-policy-set" ->
          send(
              exchange,
              200,
              new CachePolicyView(
                  Optional.empty(), Optional.empty(), Json.read(utf8(body), CachePolicy.class)));
      case "cache-policy-clear" -> send(exchange, 200, Samples.policies().getLast());
      case "cache-plan" -> send(exchange, 200, List.of(Samples.plan()));
      case "cache-clean" ->
          send(exchange, 202, List.of(begin(1, OperationKind.EVICT, "old:1 on host-1")));
      case "vm-move-disk" -> send(exchange, 202, operate(OperationKind.MOVE_DISK, first));
      case "vm-move-disk-plan" -> send(exchange, 200, Samples.moveDisk());
      case "vm-move-file" -> send(exchange, 202, operate(OperationKind.MOVE_DISK, first));
      case "vm-move-file-plan" -> send(exchange, 200, Samples.moveFile());
      case "vm-undelete" -> send(exchange, 202, operate(OperationKind.UNDELETE, first));
      case "vm-export" -> export(exchange, first, query);
      case "vm-console" -> console(exchange, query);
      case "base-list" -> send(exchange, 200, bases);
      case "base-verify" ->
          send(
              exchange,
              202,
              List.of(
                  begin(1, OperationKind.VERIFY, "debian:12 on host-1"),
                  begin(
                      2,
                      OperationKind.VERIFY,
                      (utf8(body).contains("doomed") ? "doomed" : "debian:12") + " on host-2")));
      case "base-precache" ->
          send(
              exchange,
              202,
              List.of(
                  begin(1, OperationKind.PRECACHE, first + " on host-1"),
                  begin(2, OperationKind.PRECACHE, first + " on host-2")));
      case "host-list" -> send(exchange, 200, List.of(Samples.host()));
      case "host-adopted" -> send(exchange, 200, Samples.adopted());
      case "host-show", "host-change", "host-follow" ->
          send(exchange, 200, known(first, "host-1", Samples.host()));
      case "share-list" -> send(exchange, 200, List.of(Samples.share()));
      case "share-show", "share-remove" ->
          send(exchange, 200, known(first, "vm-cache", Samples.share()));
      case "share-add", "share-fill" -> send(exchange, 200, Samples.share());
      case "operation-list" ->
          send(exchange, 200, operations.keySet().stream().sorted().map(this::ended).toList());
      case "operation-show" -> send(exchange, 200, ended(first));
      case "events" -> events(exchange);
      case "settings-show" -> send(exchange, 200, settings);
      case "settings-change" -> {
        settings = Json.read(utf8(body), Settings.class);
        send(exchange, 200, settings);
      }
      case "quota-show" ->
          send(exchange, 200, new QuotaView("default", quota, 2, 2L << 30, 20L << 30));
      case "quota-change" -> {
        quota = Json.read(utf8(body), TenantQuota.class);
        send(exchange, 200, new QuotaView("default", quota, 2, 2L << 30, 20L << 30));
      }
      default -> throw Problem.of(ErrorCode.NOT_FOUND, "faking " + endpoint.id()).asException();
    }
  }

  private VmView vm(String nameOrId) {
    return vms.stream()
        .filter(vm -> vm.name().text().equals(nameOrId) || vm.id().toString().equals(nameOrId))
        .findFirst()
        .orElseThrow(() ->
            Problem.of(ErrorCode.NOT_FOUND, "looking for '" + nameOrId + "'")
                .detail("There is none of that name.")
                .asException());
  }

  private void export(HttpExchange exchange, String vm, String query) throws IOException {
    DiskPart part =
        query.contains("part=base")
            ? DiskPart.BASE
            : query.contains("part=overlay") ? DiskPart.OVERLAY : DiskPart.WHOLE;
    // Not closed by a failure: the client must not take that for the end.
    OutputStream out = new LateHead(exchange);
    disks.send(vm(vm), part, out);
    out.close();
  }

  /** Answers with success at the first byte, so that a refusal before it can be another answer. */
  private static final class LateHead extends OutputStream {
    private final HttpExchange exchange;
    private boolean begun;

    LateHead(HttpExchange exchange) {
      this.exchange = exchange;
    }

    @Override
    public void write(int one) throws IOException {
      write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      if (!begun) {
        exchange.sendResponseHeaders(200, 0);
        begun = true;
      }
      exchange.getResponseBody().write(bytes, offset, length);
    }

    @Override
    public void close() throws IOException {
      if (begun) {
        exchange.getResponseBody().close();
      }
    }
  }

  private List<OperationView> deploy(DeployRequest request) {
    List<OperationView> begun = new ArrayList<>();
    for (int i = 1; i <= request.count(); i++) {
      String name = request.count() == 1 ? request.name().text() : request.name() + "-" + i;
      begun.add(begin(i, OperationKind.DEPLOY, name));
    }
    return begun;
  }

  private OperationView operate(OperationKind kind, String vm) {
    if (vm.equals("absent")) {
      throw Problem.of(ErrorCode.NOT_FOUND, "looking for the VM 'absent'")
          .next("See 'ratoon vm list'.")
          .asException();
    }
    return begin(1, kind, vm);
  }

  private OperationView begin(int number, OperationKind kind, String subject) {
    OperationView operation = Samples.operation(number, kind, subject, OperationState.RUNNING);
    operations.put(operation.id().toString(), operation);
    return operation;
  }

  private OperationView ended(String id) {
    OperationView begun = operations.get(id);
    if (begun == null) {
      throw Problem.of(ErrorCode.NOT_FOUND, "looking for the operation " + id).asException();
    }
    OperationState end =
        begun.subject().contains("doomed") ? OperationState.FAILED : OperationState.DONE;
    return Samples.operation(
        (int) begun.id().uuid().getLeastSignificantBits(), begun.kind(), begun.subject(), end);
  }

  private static <T> T known(String name, String expected, T value) {
    if (!name.equals(expected)) {
      throw Problem.of(ErrorCode.NOT_FOUND, "looking for '" + name + "'")
          .detail("There is none of that name.")
          .asException();
    }
    return value;
  }

  private static void console(HttpExchange exchange, String query) throws IOException {
    byte[] text =
        query.contains("offset=0")
            ? "Linux boots\nlogin: ".getBytes(StandardCharsets.UTF_8)
            : new byte[0];
    exchange.getResponseHeaders().set("Ratoon-Next-Offset", "19");
    exchange.sendResponseHeaders(200, text.length == 0 ? -1 : text.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(text);
    }
  }

  /** Stays silent: whoever follows learns by looking that all have ended. */
  private static void events(HttpExchange exchange) throws IOException {
    exchange.sendResponseHeaders(200, 0);
    exchange.getResponseBody().write(": hello\n\n".getBytes(StandardCharsets.UTF_8));
    exchange.getResponseBody().flush();
  }

  private static String utf8(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static void send(HttpExchange exchange, int status, Object value) throws IOException {
    byte[] body = Json.mapper().writeValueAsBytes(value);
    exchange.sendResponseHeaders(status, body.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(body);
    }
  }
}
