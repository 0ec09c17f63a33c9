package dev.ratoon.app.failover;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
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
import dev.ratoon.testkit.Postgres;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Three servers on one PostgreSQL, hosts with real agents, and many deploys under way, while
 * servers are killed and paused at random and the database crashes once. Afterwards every deploy
 * that was accepted has ended well, and its VM runs exactly once.
 *
 * <p>More of it, by command: {@code ./mvnw -pl app -am verify -Dtest=FailoverTest
 * -Dsurefire.failIfNoSpecifiedTests=false -Dfailover.seeds=20 -Dfailover.deploys=500}.
 */
final class FailoverTest {
  private static final int SERVERS = 3;
  private static final int HOSTS = 6;
  private static final int CLIENTS = 6;
  private static final int DEPLOYS = Integer.getInteger("failover.deploys", 40);

  /** Beyond the lease of a server, so that others take up what it has. */
  private static final int LONGEST_PAUSE_MILLIS = 10_000;

  @TempDir Path folder;
  private Postgres postgres;
  private final List<ServerChild> servers = new ArrayList<>();
  private final List<HostInMemory> hosts = new ArrayList<>();
  private ServerAccess access;
  private Map<String, String> database;

  static IntStream seeds() {
    return IntStream.rangeClosed(1, Integer.getInteger("failover.seeds", 1));
  }

  @BeforeEach
  void start() throws Exception {
    postgres = Postgres.start(true);
    String url = postgres.newDatabase();
    database =
        Map.of(
            "RATOON_DATABASE",
            url.substring(0, url.indexOf('?')),
            "RATOON_DATABASE_USER",
            "ratoon");
    for (int i = 0; i < SERVERS; i++) {
      Path home = Files.createDirectories(folder.resolve("server-" + i));
      if (i > 0) {
        Path own = Files.createDirectories(home.resolve("server"));
        for (String file : List.of("ca.pem", "ca.key")) {
          Files.copy(folder.resolve("server-0/server").resolve(file), own.resolve(file));
        }
      }
      ServerChild server = ServerChild.start(home, database);
      servers.add(server);
      await("a server", Duration.ofSeconds(60), server::hasAnswered);
    }
    List<URI> addresses = servers.stream().map(s -> URI.create(s.address())).toList();
    Path client = servers.getFirst().home().resolve("client");
    access =
        new ServerAccess(
            addresses.getFirst(),
            Files.readString(client.resolve("admin.token")).strip(),
            Files.readString(client.resolve("ca.pem")),
            Optional.empty(),
            addresses.subList(1, SERVERS));
    for (int i = 0; i < HOSTS; i++) {
      List<URI> order = new ArrayList<>(addresses);
      Collections.rotate(order, i);
      hosts.add(HostInMemory.join(folder.resolve("host-" + i), order, token(), "host-" + i));
    }
    try (ApiClient api = new ApiClient(access)) {
      await(
          "hosts",
          Duration.ofSeconds(30),
          () ->
              api.list(HostEndpoints.HOST_LIST, Params.NONE).stream()
                      .filter(HostView::connected)
                      .filter(host -> host.problem().isEmpty())
                      .count()
                  == HOSTS);
    }
  }

  @AfterEach
  void stop() throws Exception {
    for (HostInMemory host : hosts) {
      host.close();
    }
    for (ServerChild server : servers) {
      server.end();
    }
    postgres.close();
  }

  private JoinToken token() {
    try (ApiClient api = new ApiClient(access)) {
      return JoinToken.parse(
          api.call(
                  HostEndpoints.JOIN_TOKEN,
                  Params.NONE,
                  new JoinTokenRequest(Optional.empty(), List.of(), Optional.empty()))
              .token());
    }
  }

  private static void await(String what, Duration most, BooleanSupplier condition)
      throws InterruptedException {
    long end = System.nanoTime() + most.toNanos();
    while (true) {
      try {
        if (condition.getAsBoolean()) {
          return;
        }
      } catch (RatoonException notYet) {
        // A server that is just away.
      }
      assertThat(System.nanoTime()).as("waiting for " + what).isLessThan(end);
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void everyDeployEndsOnce(int seed) throws Exception {
    Set<OperationView> accepted = ConcurrentHashMap.newKeySet();
    AtomicBoolean over = new AtomicBoolean();
    try (ExecutorService clients = Executors.newFixedThreadPool(CLIENTS + 1)) {
      Future<?> trouble = clients.submit(() -> trouble(new Random(seed), over));
      List<Future<?>> asked = new ArrayList<>();
      for (int i = 0; i < DEPLOYS; i++) {
        String name = "vm-" + seed + "-" + i;
        asked.add(clients.submit(() -> accepted.addAll(deploy(name))));
      }
      for (Future<?> each : asked) {
        each.get();
      }
      over.set(true);
      trouble.get();
    }
    for (ServerChild server : servers) {
      server.startAgain();
    }

    try (ApiClient api = new ApiClient(access)) {
      try {
        await("all VMs to run", Duration.ofMinutes(3), () -> running(api) >= DEPLOYS);
      } catch (AssertionError late) {
        throw new AssertionError(late.getMessage() + "\n" + unfinished(api), late);
      }
      for (OperationView each : accepted) {
        await(
            "operation " + each.id(),
            Duration.ofSeconds(30),
            () ->
                api.call(Endpoints.OPERATION_SHOW, Params.of("operation", each.id())).state()
                    == OperationState.DONE);
      }
      assertNothingRunsTwice(api.list(VmEndpoints.VM_LIST, Params.NONE));
    }
  }

  private static long running(ApiClient api) {
    return api.list(VmEndpoints.VM_LIST, Params.NONE).stream()
        .filter(vm -> vm.state() == VmState.RUNNING)
        .count();
  }

  /** What to look at when not everything ended. */
  private String unfinished(ApiClient api) {
    StringBuilder said = new StringBuilder();
    api.list(VmEndpoints.VM_LIST, Params.NONE).stream()
        .filter(vm -> vm.state() != VmState.RUNNING)
        .forEach(vm -> said.append(vm).append('\n'));
    api.list(Endpoints.OPERATION_LIST, Params.NONE).stream()
        .filter(operation -> operation.state() != OperationState.DONE)
        .forEach(operation -> said.append(operation).append('\n'));
    api.list(HostEndpoints.HOST_LIST, Params.NONE).forEach(host -> said.append(host).append('\n'));
    servers.forEach(server -> said.append(server).append('\n'));
    return said.toString();
  }

  private void assertNothingRunsTwice(List<VmView> vms) {
    assertThat(vms).hasSize(DEPLOYS).allMatch(vm -> vm.state() == VmState.RUNNING);
    List<VmId> domains = hosts.stream().flatMap(host -> host.domains().stream()).toList();
    assertThat(domains).doesNotHaveDuplicates();
    assertThat(new HashSet<>(domains))
        .containsExactlyInAnyOrderElementsOf(vms.stream().map(VmView::id).toList());
  }

  /** Asks until it is sure that the VM was accepted. */
  private List<OperationView> deploy(String name) throws Exception {
    DeployRequest request =
        Json.read(
            """
            {"name": "%s", "count": 1, "disks": [{"sizeBytes": 1048576}], "cpus": 1,
             "memoryBytes": 67108864, "networks": ["user"], "restart": "on-failure",
             "cloudInit": {"sshKeys": []}, "paused": false}\
            """
                .formatted(name),
            DeployRequest.class);
    try (ApiClient api = new ApiClient(access)) {
      while (true) {
        try {
          return api.list(VmEndpoints.VM_DEPLOY, Params.NONE, request);
        } catch (RatoonException refused) {
          if (refused.problem().code() == ErrorCode.NAME_TAKEN) {
            // An earlier attempt was accepted, though nobody heard of it.
            return operationOf(api, new EntityName(name));
          }
          assertThat(refused.problem().code())
              .as(refused.problem().oneLine())
              .isIn(
                  ErrorCode.SERVER_UNREACHABLE,
                  ErrorCode.TIMED_OUT,
                  ErrorCode.INTERRUPTED,
                  ErrorCode.BUSY,
                  // While every agent is on its way to another server.
                  ErrorCode.NO_HOST_FITS);
          TimeUnit.MILLISECONDS.sleep(100);
        }
      }
    }
  }

  private static List<OperationView> operationOf(ApiClient api, EntityName vm) {
    try {
      return api.list(Endpoints.OPERATION_LIST, Params.NONE).stream()
          .filter(operation ->
              operation.kind() == OperationKind.DEPLOY && operation.subject().equals(vm.text()))
          .toList();
    } catch (RatoonException justAway) {
      return List.of();
    }
  }

  private void trouble(Random random, AtomicBoolean over) {
    try {
      boolean crashed = false;
      while (!over.get()) {
        TimeUnit.MILLISECONDS.sleep(300 + random.nextInt(1200));
        List<ServerChild> struck = new ArrayList<>(servers);
        Collections.shuffle(struck, random);
        strike(random, struck.subList(0, random.nextInt(4) == 0 ? SERVERS : 1));
        if (!crashed) {
          crashed = true;
          postgres.crash();
        }
      }
    } catch (Exception failed) {
      throw new IllegalStateException(failed);
    }
  }

  /** Kills or pauses each of these; they are back one after the other. */
  private static void strike(Random random, List<ServerChild> struck) throws Exception {
    for (ServerChild server : struck) {
      if (random.nextBoolean()) {
        server.kill();
      } else {
        server.pause();
      }
    }
    for (ServerChild server : struck) {
      TimeUnit.MILLISECONDS.sleep(random.nextInt(LONGEST_PAUSE_MILLIS));
      server.startAgain();
      server.goOn();
    }
  }
}
