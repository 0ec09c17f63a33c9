package dev.ratoon.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Layout;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.Endpoints;
import dev.ratoon.protocol.agent.AgentLink.ConsoleText;
import dev.ratoon.protocol.agent.DesiredBase;
import dev.ratoon.protocol.agent.ReplicaReport;
import dev.ratoon.protocol.agent.Whereabouts;
import dev.ratoon.protocol.api.AdoptRequest;
import dev.ratoon.protocol.api.AdoptedView;
import dev.ratoon.protocol.api.HostChange;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.api.ImageView;
import dev.ratoon.protocol.api.JoinTokenRequest;
import dev.ratoon.protocol.api.JoinTokenView;
import dev.ratoon.protocol.api.OperationView;
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
import dev.ratoon.server.agents.Asks;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Hosts join with a token, are known by their certificates, and are shut out when removed. */
final class FleetApiTest {
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

  /** A host as it would join: with a key of its own. */
  private final class Joining {
    private final HostId id;
    private final String name;
    private final KeyPair keys;

    Joining(String name) throws Exception {
      this(new HostId(UUID.randomUUID()), name);
    }

    Joining(HostId id, String name) throws Exception {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      this.id = id;
      this.name = name;
      this.keys = generator.generateKeyPair();
    }

    JoinAnswer join(JoinToken token) {
      String authority = AuthorityCheck.authority(server.server.address(), token.authoritySha256());
      JoinRequest request =
          new JoinRequest(
              token.secretText(),
              id,
              new EntityName(name),
              Base64.getEncoder().encodeToString(keys.getPublic().getEncoded()));
      try (ApiClient client =
          new ApiClient(new ServerAccess(server.server.address(), "", authority))) {
        return client.call(AgentEndpoints.JOIN, Params.NONE, request);
      }
    }

    ApiClient connected(JoinAnswer answer) throws Exception {
      X509Certificate certificate =
          (X509Certificate)
              CertificateFactory.getInstance("X.509")
                  .generateCertificate(
                      new ByteArrayInputStream(
                          answer.certificate().getBytes(StandardCharsets.US_ASCII)));
      return new ApiClient(
          new ServerAccess(
              server.server.address(),
              "",
              answer.authority(),
              Optional.of(new ClientCertificate(keys.getPrivate(), certificate))));
    }
  }

  private JoinToken token() throws Exception {
    JoinTokenRequest request =
        new JoinTokenRequest(
            Optional.of(new EntityName("lab")), List.of("rack=3", "gpu"), Optional.of(600L));
    return JoinToken.parse(server.post("/v1/join-tokens", request).as(JoinTokenView.class).token());
  }

  private static void assertRefused(ErrorCode code, ThrowingCallable call) {
    RatoonException refusal = catchThrowableOfType(RatoonException.class, call);
    assertThat(refusal).as("refusal").isNotNull();
    assertThat(refusal.problem().code()).as(refusal.getMessage()).isEqualTo(code);
  }

  private ApiClient reporting(Joining host, JoinAnswer answer) throws Exception {
    ApiClient client = host.connected(answer);
    client.call(AgentEndpoints.REPORT, Params.NONE, FakeAgent.emptyReport(host.id, host.name));
    return client;
  }

  @Test
  void aHostJoinsReportsAndIsTold() throws Exception {
    Joining host = new Joining("h2");
    try (ApiClient client = reporting(host, host.join(token()))) {
      HostView view = server.get("/v1/hosts/h2").as(HostView.class);
      assertThat(view.connected()).isTrue();
      assertThat(view.cluster()).contains(new EntityName("lab"));
      assertThat(view.tags()).containsExactly("gpu", "rack=3");
      assertThat(client.list(AgentEndpoints.DESIRED, Params.of("known", 0))).hasSize(1);
      assertThat(client.list(AgentEndpoints.DESIRED, Params.of("known", 1))).isEmpty();
      JoinAnswer renewed = client.call(AgentEndpoints.RENEW, Params.NONE);
      try (ApiClient again = host.connected(renewed)) {
        assertThat(again.list(AgentEndpoints.DESIRED, Params.of("known", 1))).isEmpty();
      }
    }
  }

  @Test
  void aTokenLetsOneHostInAndAWrongOneNobody() throws Exception {
    JoinToken token = token();
    Joining host = new Joining("h2");
    JoinAnswer _ = host.join(token);
    JoinAnswer _ = host.join(token);
    assertRefused(ErrorCode.FORBIDDEN, () -> new Joining("h3").join(token));
    byte[] guess = new byte[32];
    assertRefused(
        ErrorCode.FORBIDDEN,
        () -> new Joining("h3").join(new JoinToken(guess, token.authoritySha256())));
    assertRefused(
        ErrorCode.SERVER_UNREACHABLE,
        () -> new Joining("h3").join(new JoinToken(token.secret(), guess)));
    JoinToken late = token();
    server.clock.advance(Duration.ofMinutes(11));
    assertRefused(ErrorCode.FORBIDDEN, () -> new Joining("h3").join(late));
  }

  @Test
  void nobodyBecomesAHostThatIsThere() throws Exception {
    FakeAgent local = FakeAgent.on(server);
    Joining host = new Joining("h2");
    JoinAnswer _ = host.join(token());
    assertRefused(ErrorCode.WRONG_STATE, () -> new Joining(host.id, "h2").join(token()));
    assertRefused(ErrorCode.WRONG_STATE, () -> new Joining(local.host, "h3").join(token()));
    assertRefused(ErrorCode.NAME_TAKEN, () -> new Joining("h2").join(token()));
  }

  @Test
  void agentsAreKnownByTheirCertificatesAlone() throws Exception {
    Joining host = new Joining("h2");
    JoinAnswer answer = host.join(token());
    Params known = Params.of("known", 0);
    ServerAccess administrator =
        new ServerAccess(server.server.address(), server.token(), answer.authority());
    try (ApiClient user = new ApiClient(administrator)) {
      assertRefused(ErrorCode.UNAUTHENTICATED, () -> user.list(AgentEndpoints.DESIRED, known));
    }
    try (ApiClient client = reporting(host, answer)) {
      HostId other = new HostId(UUID.randomUUID());
      assertRefused(
          ErrorCode.FORBIDDEN,
          () ->
              client.call(AgentEndpoints.REPORT, Params.NONE, FakeAgent.emptyReport(other, "h9")));
      assertRefused(
          ErrorCode.FORBIDDEN,
          () ->
              client.call(
                  AgentEndpoints.REPORT, Params.NONE, FakeAgent.emptyReport(host.id, "h9")));
      assertRefused(
          ErrorCode.UNAUTHENTICATED, () -> client.call(Endpoints.SETTINGS_SHOW, Params.NONE));
    }
  }

  @Test
  void aHostThatWasRemovedIsShutOut() throws Exception {
    Joining host = new Joining("h2");
    try (ApiClient client = reporting(host, host.join(token()))) {
      assertThat(server.delete("/v1/hosts/h2").status()).isEqualTo(200);
      assertRefused(
          ErrorCode.FORBIDDEN, () -> client.list(AgentEndpoints.DESIRED, Params.of("known", 0)));
      assertThat(server.get("/v1/hosts/h2").status()).isEqualTo(404);
    }
    server = server.restart();
    JoinAnswer again = host.join(token());
    reporting(host, again).close();
    assertThat(server.get("/v1/hosts/h2").as(HostView.class).connected()).isTrue();
  }

  @Test
  void aHostIsToldWhereABaseIsOnlyIfItIsToHaveIt() throws Exception {
    FakeAgent local = FakeAgent.on(server);
    byte[] disk = new byte[1 << 20];
    disk[510] = 0x55;
    server.ended(server.upload("/v1/images?image=tiny", disk).as(OperationView.class));
    DiskId base = server.get("/v1/images/tiny").as(ImageView.class).diskId();
    local.bases.add(base);
    local.chunkAddress = Optional.of("10.0.0.1:7801");
    local.report();
    Params params = Params.of("disk", base.hex());
    Joining host = new Joining("h2");
    try (ApiClient client = reporting(host, host.join(token()))) {
      assertRefused(ErrorCode.FORBIDDEN, () -> client.call(AgentEndpoints.WHEREABOUTS, params));
      server.post("/v1/images/tiny/precache", "{\"hosts\": [\"h2\"]}");
      Whereabouts places = client.call(AgentEndpoints.WHEREABOUTS, params);
      assertThat(places.places()).extracting(Whereabouts.Place::host).containsExactly(local.host);
      assertThat(client.list(AgentEndpoints.DESIRED, Params.of("known", 1)).getFirst().bases())
          .extracting(DesiredBase::diskId)
          .containsExactly(base);

      server.delete("/v1/images/tiny");
      assertRefused(ErrorCode.FORBIDDEN, () -> client.call(AgentEndpoints.WHEREABOUTS, params));

      ReplicaReport rotten =
          new ReplicaReport(
              base,
              Layout.FLAT,
              ReplicaState.SUSPECT,
              "/cache/" + base,
              1 << 20,
              1 << 20,
              100,
              Optional.empty(),
              "");
      client.call(
          AgentEndpoints.REPORT,
          Params.NONE,
          FakeAgent.emptyReport(host.id, host.name, List.of(rotten)));
      assertThat(client.call(AgentEndpoints.WHEREABOUTS, params).places())
          .as("a copy that rots is mended, whether or not somebody needs it")
          .extracting(Whereabouts.Place::host)
          .containsExactly(local.host);
    }
  }

  @Test
  void aHostThatIsGivenUpWhileItAdoptsLeavesNoWish() throws Exception {
    Joining host = new Joining("h2");
    try (ApiClient client = reporting(host, host.join(token()))) {
      OperationView adopting =
          server
              .post("/v1/hosts/h2/adopted", new AdoptRequest("/srv/images", true))
              .as(OperationView.class);
      assertThat(server.delete("/v1/hosts/h2").problem().detail()).contains("/srv/images");

      assertThat(server.delete("/v1/hosts/h2?lost=true").status()).isEqualTo(200);

      OperationView failed = server.ended(adopting);
      assertThat(failed.state()).isEqualTo(OperationState.FAILED);
      assertThat(failed.problem().orElseThrow().detail()).contains("given up its host, h2");
      assertRefused(
          ErrorCode.FORBIDDEN,
          () ->
              client.call(
                  AgentEndpoints.REPORT, Params.NONE, FakeAgent.emptyReport(host.id, host.name)));
    }
    server = server.restart();
    try (ApiClient client = reporting(host, host.join(token()))) {
      assertThat(client.list(AgentEndpoints.DESIRED, Params.of("known", 0)))
          .allMatch(desired -> desired.adoptions().isEmpty());
      assertThat(server.get("/v1/hosts/h2/adopted").as(AdoptedView.class).paths()).isEmpty();
      assertThat(
              server.post("/v1/hosts/h2/adopted", new AdoptRequest("/srv/images", true)).status())
          .isEqualTo(202);
    }
  }

  private static List<HostId> arriving(Whereabouts told) {
    return told.places().stream()
        .filter(place -> place.kind() == Whereabouts.Kind.ARRIVING)
        .map(Whereabouts.Place::host)
        .toList();
  }

  @Test
  void hostsThatAreToldToBringABaseAtOnceLearnOfEachOtherAtOnce() throws Exception {
    FakeAgent local = FakeAgent.on(server);
    byte[] disk = new byte[1 << 20];
    disk[510] = 0x55;
    server.ended(server.upload("/v1/images?image=tiny", disk).as(OperationView.class));
    DiskId base = server.get("/v1/images/tiny").as(ImageView.class).diskId();
    local.bases.add(base);
    local.chunkAddress = Optional.of("10.0.0.1:7801");
    local.report();
    Params params = Params.of("disk", base.hex());
    Joining second = new Joining("h2");
    Joining third = new Joining("h3");
    try (ApiClient ofSecond = reporting(second, second.join(token()));
        ApiClient ofThird = reporting(third, third.join(token()))) {
      server.post("/v1/images/tiny/precache", "{\"hosts\": [\"h2\", \"h3\"]}");
      assertThat(arriving(ofSecond.call(AgentEndpoints.WHEREABOUTS, params)))
          .containsExactly(third.id);
      assertThat(arriving(ofThird.call(AgentEndpoints.WHEREABOUTS, params)))
          .containsExactly(second.id);
    }
  }

  @Test
  void operatorsSayWhereAHostBelongsAndKeepVmsAway() throws Exception {
    FakeAgent local = FakeAgent.on(server);
    HostChange change =
        new HostChange(Optional.of("west"), Optional.of(List.of("ssd")), Optional.of(true));
    HostView view = server.post("/v1/hosts/host-1", change).as(HostView.class);
    assertThat(view.cluster()).contains(new EntityName("west"));
    assertThat(view.tags()).containsExactly("ssd");
    assertThat(view.maintenance()).isTrue();
    server = server.restart();
    local.connect(server);
    HostChange back = new HostChange(Optional.of(""), Optional.empty(), Optional.of(false));
    view = server.post("/v1/hosts/host-1", back).as(HostView.class);
    assertThat(view.cluster()).isEmpty();
    assertThat(view.tags()).containsExactly("ssd");
    assertThat(view.maintenance()).isFalse();
    assertThat(server.delete("/v1/hosts/host-1").problem().code()).isEqualTo(ErrorCode.WRONG_STATE);
    assertThat(
            server
                .post(
                    "/v1/hosts/host-1",
                    new HostChange(
                        Optional.empty(), Optional.of(List.of("Not a tag")), Optional.empty()))
                .problem()
                .code())
        .isEqualTo(ErrorCode.INVALID_VALUE);
  }

  @Test
  void aHostThatIsDrainedGetsNoVms() throws Exception {
    FakeAgent local = FakeAgent.on(server);
    HostView view = server.post("/v1/hosts/host-1", HostChange.draining(true)).as(HostView.class);
    assertThat(view.draining()).isTrue();
    assertThat(view.maintenance()).isFalse();
    server = server.restart();
    local.connect(server);
    String vm =
        "{\"name\":\"v\",\"count\":1,\"disks\":[{\"sizeBytes\":1048576}],\"cpus\":1,"
            + "\"networks\":[],\"restart\":\"never\",\"cloudInit\":{}}";
    assertThat(server.post("/v1/vms", vm).problem().detail()).contains("is being drained");
    view = server.post("/v1/hosts/host-1", HostChange.draining(false)).as(HostView.class);
    assertThat(view.draining()).isFalse();
    assertThat(server.post("/v1/vms", vm).status()).isEqualTo(202);
  }

  @Test
  void whatTheServerWantsToSeeIsFetchedAndAnsweredByTheAgent() throws Exception {
    Asks asks = new Asks();
    HostId host = new HostId(UUID.randomUUID());
    VmId vm = new VmId(UUID.randomUUID());
    Thread agent =
        Thread.startVirtualThread(() -> {
          try {
            Ask ask = asks.next(host, Duration.ofSeconds(10)).orElseThrow();
            asks.answer(
                host,
                ask.id(),
                Optional.of(7L),
                new ByteArrayInputStream("login:".getBytes(StandardCharsets.UTF_8)));
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
    ConsoleText text = asks.agent(host).console(vm, 1, Duration.ofSeconds(10));
    assertThat(new String(text.bytes(), StandardCharsets.UTF_8)).isEqualTo("login:");
    assertThat(text.nextOffset()).isEqualTo(7);
    agent.join();
    assertRefused(
        ErrorCode.NOT_FOUND,
        () -> asks.refuse(host, "0".repeat(32), Problem.of(ErrorCode.NOT_FOUND, "looking")));
  }

  @Test
  void whatIsAskedGoesToTheAgentThatCalledLast() throws Exception {
    Asks asks = new Asks();
    HostId host = new HostId(UUID.randomUUID());
    VmId vm = new VmId(UUID.randomUUID());
    CompletableFuture<Optional<Ask>> dead = new CompletableFuture<>();
    Thread before = Thread.startVirtualThread(() -> dead.complete(next(asks, host)));
    awaitWaiting(before);
    Thread alive =
        Thread.startVirtualThread(() -> {
          Ask ask = next(asks, host).orElseThrow();
          asks.refuse(host, ask.id(), Problem.of(ErrorCode.NOT_FOUND, "looking"));
        });
    awaitWaiting(alive);

    assertRefused(
        ErrorCode.NOT_FOUND, () -> asks.agent(host).console(vm, 1, Duration.ofSeconds(10)));

    assertThat(dead.join()).isEmpty();
    alive.join();
  }

  private static void awaitWaiting(Thread thread) {
    while (thread.getState() != Thread.State.TIMED_WAITING) {
      Thread.onSpinWait();
    }
  }

  private static Optional<Ask> next(Asks asks, HostId host) {
    try {
      return asks.next(host, Duration.ofSeconds(10));
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
