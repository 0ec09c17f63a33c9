package dev.ratoon.app.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.agent.Agent;
import dev.ratoon.agent.fleet.FleetHost;
import dev.ratoon.agent.fleet.Membership;
import dev.ratoon.agent.hypervisor.Accelerator;
import dev.ratoon.agent.hypervisor.FileOwner;
import dev.ratoon.agent.hypervisor.HypervisorFacts;
import dev.ratoon.agent.simulated.SimulatedHypervisor;
import dev.ratoon.cache.Cache;
import dev.ratoon.cache.Upload;
import dev.ratoon.disk.file.ImmutableFlag;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.OperationState;
import dev.ratoon.protocol.Endpoints;
import dev.ratoon.protocol.HostEndpoints;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.VmEndpoints;
import dev.ratoon.protocol.api.DeployRequest;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.api.JoinTokenRequest;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.VmView;
import dev.ratoon.protocol.client.ApiClient;
import dev.ratoon.protocol.client.Params;
import dev.ratoon.protocol.client.ServerAccess;
import dev.ratoon.protocol.fleet.JoinToken;
import dev.ratoon.server.Server;
import dev.ratoon.server.ServerConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** A real server and hosts with real agents, channels and caches, whose domains are of thin air. */
final class SmallFleet implements AutoCloseable {
  private static final long GIB = 1L << 30;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Path folder;
  private final Cache library;
  private Server server;
  private final int port;
  private final List<Host> hosts = new ArrayList<>();
  final ApiClient api;

  SmallFleet(Path folder, int size) throws IOException {
    this.folder = folder;
    InstantSource clock = InstantSource.system();
    this.library = Cache.open(folder.resolve("server/cache"), 1, clock);
    this.server = started(0);
    this.port = server.address().getPort();
    Path client = folder.resolve("server/client");
    this.api =
        new ApiClient(
            new ServerAccess(
                server.address(),
                Files.readString(client.resolve("admin.token")).strip(),
                Files.readString(client.resolve("ca.pem")),
                Optional.empty(),
                List.of()));
    for (int i = 1; i <= size; i++) {
      hosts.add(new Host("host-" + i, token(), server.address()));
    }
    await("hosts", () -> connected() == size);
  }

  private Server started(int at) {
    return Server.start(
        new ServerConfig(
            folder.resolve("server"),
            new InetSocketAddress(InetAddress.getLoopbackAddress(), at),
            "0-test"),
        library,
        InstantSource.system());
  }

  /** The server ends, and another one takes up its database. */
  void restartServer() {
    server.close();
    server = started(port);
  }

  long connected() {
    return api.list(HostEndpoints.HOST_LIST, Params.NONE).stream()
        .filter(HostView::connected)
        .filter(host -> host.problem().isEmpty())
        .count();
  }

  private JoinToken token() {
    return JoinToken.parse(
        api.call(
                HostEndpoints.JOIN_TOKEN,
                Params.NONE,
                new JoinTokenRequest(Optional.empty(), List.of(), Optional.empty()))
            .token());
  }

  /** An image whose base disk only the library has, and {@code at}. */
  DiskId image(String name, byte[] content, Host at) throws IOException {
    Path file = Files.write(folder.resolve(name + ".raw"), content);
    OperationView added =
        api.upload(Params.of("image", name).with("file", name + ".raw"), file, _ -> {});
    assertThat(ended(added).problem()).isEmpty();
    return at.imported(content);
  }

  /** Deploys a VM, which runs. */
  VmView deploy(String name, Optional<String> image, Host at) {
    String disk =
        image.map(ref -> "{\"image\": \"%s\"}".formatted(ref)).orElse("{\"sizeBytes\": 8388608}");
    DeployRequest request =
        Json.read(
            """
            {"name": "%s", "count": 1, "disks": [%s, {"sizeBytes": 4194304}], "cpus": 1,
             "memoryBytes": 67108864, "networks": ["user"], "restart": "on-failure",
             "cloudInit": {"sshKeys": []}, "paused": false,
             "place": {"hosts": ["%s"], "tags": []}}\
            """
                .formatted(name, disk, at.name),
            DeployRequest.class);
    for (OperationView begun : api.list(VmEndpoints.VM_DEPLOY, Params.NONE, request)) {
      assertThat(ended(begun).problem()).isEmpty();
    }
    return vm(name);
  }

  VmView vm(String name) {
    return api.call(VmEndpoints.VM_SHOW, Params.of("vm", name));
  }

  OperationView show(OperationView operation) {
    return api.call(Endpoints.OPERATION_SHOW, Params.of("operation", operation.id()));
  }

  OperationView ended(OperationView begun) {
    await(
        "operation " + begun.kind() + ", which is at " + show(begun).steps(),
        () -> show(begun).state() != OperationState.RUNNING);
    return show(begun);
  }

  Host host(int number) {
    return hosts.get(number - 1);
  }

  static void await(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("waiting for " + what).isLessThan(end);
      try {
        TimeUnit.MILLISECONDS.sleep(20);
      } catch (InterruptedException stopped) {
        throw new AssertionError(stopped);
      }
    }
  }

  @Override
  public void close() throws IOException {
    api.close();
    for (Host host : hosts) {
      host.close();
    }
    server.close();
    library.close();
    try (Stream<Path> files = Files.walk(folder)) {
      files.filter(Files::isRegularFile).forEach(ImmutableFlag::clear);
    }
  }

  /** One of its hosts. */
  final class Host implements AutoCloseable {
    final String name;
    final Path home;
    final SimulatedHypervisor hypervisor =
        new SimulatedHypervisor(
            new HypervisorFacts(
                "simulated 1",
                16,
                256 * GIB,
                List.of("default"),
                List.of(),
                Optional.empty(),
                Accelerator.TCG,
                new FileOwner(0, 0)));
    private Cache cache;
    private Optional<FleetHost> agent = Optional.empty();

    Host(String name, JoinToken token, URI address) {
      this.name = name;
      this.home = folder.resolve(name);
      Membership _ =
          Membership.join(
              Agent.folder(home), List.of(address), token, Optional.of(new EntityName(name)));
      boot();
    }

    /** Starts its agent. */
    void boot() {
      InstantSource clock = InstantSource.system();
      cache = Cache.open(home.resolve("cache"), 1, clock);
      agent =
          Optional.of(
              FleetHost.start(
                  home,
                  Membership.in(Agent.folder(home)).orElseThrow(),
                  hypervisor,
                  cache,
                  new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                  clock,
                  () -> {}));
    }

    /** Its agent ends; domains run on. */
    void end() {
      agent.ifPresent(FleetHost::close);
      agent = Optional.empty();
      cache.close();
    }

    DiskId imported(byte[] content) throws IOException {
      try (Upload upload = cache.beginUpload()) {
        upload.channel().write(ByteBuffer.wrap(content), 0);
        return cache.importUpload(upload, "test.raw", (step, done, total) -> {}).diskId();
      }
    }

    Path folderOf(VmView vm) {
      return home.resolve("vms").resolve(vm.id().toString());
    }

    /** What lies among its VMs' folders. */
    List<String> vms() throws IOException {
      try (Stream<Path> all = Files.list(home.resolve("vms"))) {
        return all.map(path -> String.valueOf(path.getFileName())).sorted().toList();
      }
    }

    @Override
    public void close() {
      if (agent.isPresent()) {
        end();
      }
    }
  }
}
