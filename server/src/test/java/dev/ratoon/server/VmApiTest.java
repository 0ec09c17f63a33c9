package dev.ratoon.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.OperationStep;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.Known;
import dev.ratoon.protocol.api.BaseView;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.api.ImageView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.protocol.api.StopRequest;
import dev.ratoon.protocol.api.VmView;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class VmApiTest {
  private static final int IMAGE_BYTES = 1 << 20;

  @TempDir Path home;
  private TestServer server;
  private FakeAgent agent;

  @BeforeEach
  void start() throws Exception {
    server = TestServer.start(home);
    agent = FakeAgent.on(server);
    agent.obey();
    byte[] disk = new byte[IMAGE_BYTES];
    disk[510] = 0x55;
    disk[511] = (byte) 0xaa;
    Reply added = server.upload("/v1/images?image=tiny&file=tiny.raw&memory=67108864", disk);
    assertThat(added.status()).as(added.body()).isEqualTo(202);
    assertThat(server.ended(added.as(OperationView.class)).state()).isEqualTo(OperationState.DONE);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void deploysOneVm() throws Exception {
    OperationView operation = deploy("web", 1).getFirst();

    assertThat(operation.kind()).isEqualTo(OperationKind.DEPLOY);
    assertThat(operation.steps()).extracting(OperationStep::name).containsExactly("place");
    assertThat(show("web").state()).isEqualTo(VmState.DEPLOYING);
    DesiredState desired = agent.obey().orElseThrow();
    DesiredVm wanted = desired.vms().getFirst();
    assertThat(wanted.power()).isEqualTo(DesiredPower.RUNNING);
    assertThat(wanted.memoryBytes()).isEqualTo(64L << 20);
    assertThat(wanted.nics().getFirst().mac()).startsWith("52:54:00:");
    assertThat(wanted.disks().getFirst().differencing()).isTrue();
    OperationView ended = server.ended(operation);
    assertThat(ended.state()).isEqualTo(OperationState.DONE);
    assertThat(ended.steps()).extracting(OperationStep::name).containsExactly("place", "overlay");
    VmView vm = show("web");
    assertThat(vm.state()).isEqualTo(VmState.RUNNING);
    assertThat(vm.wanted()).isEqualTo("running");
    assertThat(vm.disks().getFirst().copiedBytes()).isZero();
    assertThat(vm.disks().getFirst().sizeBytes()).isEqualTo(IMAGE_BYTES);
    assertThat(vm.startMillis()).isPresent();
  }

  @Test
  void aHostIsToldWhatHasChangedOrAllIfWhatItKnowsIsAnothers() throws Exception {
    deploy("old", 3);
    DesiredState known = agent.obey().orElseThrow();
    deploy("new", 1);

    DesiredState told = told(Known.of(known));

    assertThat(told.vms()).extracting(vm -> vm.name().text()).containsExactly("new");
    assertThat(told.onto(known).orElseThrow().vms()).hasSize(4);
    assertThat(told(Known.whole(known.revision())).vms()).hasSize(4);
    assertThat(told(new Known(known.revision(), known.incarnation(), "another")).vms()).hasSize(4);
    assertThat(told(new Known(known.revision(), "another", Known.of(known).run())).vms())
        .hasSize(4);
  }

  private DesiredState told(Known known) throws InterruptedException {
    return server.server.link().desired(agent.host, known, Duration.ofSeconds(5)).orElseThrow();
  }

  @Test
  void deploysFiftyAtOnce() throws Exception {
    List<OperationView> operations = deploy("web", 50);
    agent.obey();

    assertThat(operations).extracting(OperationView::subject).startsWith("web-1", "web-2");
    for (OperationView operation : operations) {
      assertThat(server.ended(operation).state()).isEqualTo(OperationState.DONE);
    }
    List<VmView> vms = server.get("/v1/vms").list(VmView.class);
    assertThat(vms).hasSize(50).allMatch(vm -> vm.state() == VmState.RUNNING);
    assertThat(vms.stream().map(vm -> vm.networks().getFirst().mac()).distinct()).hasSize(50);
  }

  @Test
  void aLongListComesInPages() throws Exception {
    deploy("web", 7);
    List<String> names = new ArrayList<>();
    String target = "/v1/vms?limit=3";
    int pages = 0;
    while (!target.isEmpty()) {
      Reply page = server.get(target);
      List<VmView> vms = page.list(VmView.class);
      assertThat(vms.size()).isBetween(1, 3);
      vms.forEach(vm -> names.add(vm.name().text()));
      target = page.header("Link").map(link -> link.split("[<>]", -1)[1]).orElse("");
      pages++;
    }

    assertThat(pages).isEqualTo(3);
    assertThat(names).isSorted().doesNotHaveDuplicates().hasSize(7);
    assertThat(server.get("/v1/vms?limit=0").problem().code()).isEqualTo(ErrorCode.INVALID_REQUEST);
    assertThat(server.get("/v1/hosts?limit=1").header("Link")).isEmpty();
  }

  @Test
  void whoAsksForAnImageThatThereIsNotSpoilsNobodyElsesDeploy() throws Exception {
    List<Callable<Reply>> requests = new ArrayList<>();
    for (int i = 0; i < 24; i++) {
      String image = i % 2 == 0 ? "tiny" : "none";
      String body = "{\"name\": \"vm-%d\", \"disks\": [{\"image\": \"%s\"}]}".formatted(i, image);
      requests.add(() -> server.post("/v1/vms", body));
    }
    List<Future<Reply>> answers;
    try (ExecutorService threads = Executors.newFixedThreadPool(requests.size())) {
      answers = threads.invokeAll(requests);
    }
    for (int i = 0; i < requests.size(); i++) {
      Reply reply = answers.get(i).get();
      if (i % 2 == 0) {
        assertThat(reply.status()).as(reply.body()).isEqualTo(202);
      } else {
        assertThat(reply.problem().code()).as(reply.body()).isEqualTo(ErrorCode.NOT_FOUND);
      }
    }
  }

  @Test
  void aDiskThatNobodyCouldMakeIsRefused() throws Exception {
    Reply reply =
        server.post(
            "/v1/vms", "{\"name\": \"web\", \"disks\": [{\"sizeBytes\": 4611686018427387904}]}");
    assertThat(reply.problem().code()).isEqualTo(ErrorCode.INVALID_VALUE);
  }

  @Test
  void takesTheSameRequestOnlyOnce() throws Exception {
    List<OperationView> first = deployWithKey("web", "k1").list(OperationView.class);
    List<OperationView> again = deployWithKey("web", "k1").list(OperationView.class);
    Reply other = deployWithKey("db", "k1");

    assertThat(again).isEqualTo(first);
    assertThat(other.status()).isEqualTo(409);
    assertThat(other.problem().code()).isEqualTo(ErrorCode.IDEMPOTENCY_MISMATCH);
    assertThat(server.get("/v1/vms").list(VmView.class)).hasSize(1);
  }

  @Test
  void namesTheNamesThatAreTaken() throws Exception {
    deploy("web", 3);

    Reply refused = server.post("/v1/vms", request("web", 5));

    assertThat(refused.status()).isEqualTo(409);
    assertThat(refused.problem().code()).isEqualTo(ErrorCode.NAME_TAKEN);
    assertThat(refused.problem().detail()).contains("web-1, web-2, web-3");
    assertThat(server.get("/v1/vms").list(VmView.class)).hasSize(3);
  }

  @Test
  void saysWhyNoHostFits() throws Exception {
    agent.memoryBytes = 100L << 20;
    agent.report();

    Reply refused = server.post("/v1/vms", request("web", 2));

    assertThat(refused.problem().code()).isEqualTo(ErrorCode.NO_HOST_FITS);
    assertThat(refused.problem().detail()).contains("host-1").contains("memory");
    assertThat(server.get("/v1/vms").list(VmView.class)).isEmpty();
  }

  @Test
  void countsStoppedVmsWhenItReservesMemory() throws Exception {
    agent.memoryBytes = 130L << 20;
    agent.report();
    deployed("a");
    ended(server.post("/v1/vms/a/stop", new StopRequest(0)));
    deployed("b");

    assertThat(server.post("/v1/vms", request("c", 1)).problem().code())
        .isEqualTo(ErrorCode.NO_HOST_FITS);
    server.put("/v1/settings", new Settings(true, 72, 2.0));
    assertThat(server.post("/v1/vms", request("c", 1)).status()).isEqualTo(202);
  }

  @Test
  void showsHowFarADeployIsAndWhyItFailed() throws Exception {
    OperationView operation = deploy("web", 1).getFirst();
    DesiredVm vm = agent.look(Duration.ofSeconds(1)).orElseThrow().vms().getFirst();
    OperationStep base = OperationStep.waiting("base").begin(server.clock.instant());
    server
        .server
        .link()
        .report(
            agent.host,
            List.of(
                agent.report(
                    vm,
                    false,
                    VmState.DEPLOYING,
                    List.of(base.progress(5, 10)),
                    Optional.empty())));
    OperationView underWay = server.get("/v1/operations/" + operation.id()).as(OperationView.class);
    assertThat(underWay.state()).isEqualTo(OperationState.RUNNING);
    assertThat(underWay.steps().get(1).bytesDone()).isEqualTo(5);

    agent.fails = any -> true;
    agent.obey();

    OperationView failed = server.ended(operation);
    assertThat(failed.state()).isEqualTo(OperationState.FAILED);
    assertThat(failed.problem().orElseThrow().code()).isEqualTo(ErrorCode.HYPERVISOR_REFUSED);
    assertThat(show("web").state()).isEqualTo(VmState.FAILED);
    agent.fails = any -> false;
    assertThat(ended(server.post("/v1/vms/web/start", "")).state()).isEqualTo(OperationState.DONE);
    assertThat(show("web").state()).isEqualTo(VmState.RUNNING);
  }

  @Test
  void startsAndStops() throws Exception {
    deployed("web");

    OperationView nothing = server.post("/v1/vms/web/start", "").as(OperationView.class);
    assertThat(nothing.state()).isEqualTo(OperationState.DONE);
    assertThat(ended(server.post("/v1/vms/web/stop", "")).state()).isEqualTo(OperationState.DONE);
    assertThat(agent.vms.values().iterator().next().stopGraceSeconds()).isEqualTo(60);
    assertThat(show("web").state()).isEqualTo(VmState.STOPPED);
    assertThat(ended(server.post("/v1/vms/web/start", "")).state()).isEqualTo(OperationState.DONE);
    assertThat(show("web").state()).isEqualTo(VmState.RUNNING);
  }

  @Test
  void refusesASecondOperationExceptADelete() throws Exception {
    OperationView deploy = deploy("web", 1).getFirst();

    Reply refused = server.post("/v1/vms/web/stop", "");
    assertThat(refused.status()).isEqualTo(409);
    assertThat(refused.problem().code()).isEqualTo(ErrorCode.WRONG_STATE);
    assertThat(refused.problem().detail()).contains(deploy.id().toString());

    Reply deleted = server.delete("/v1/vms/web");
    assertThat(server.ended(deploy).state()).isEqualTo(OperationState.FAILED);
    agent.obey();
    assertThat(server.ended(deleted.as(OperationView.class)).state())
        .isEqualTo(OperationState.DONE);
  }

  @Test
  void bringsBackWhatWasDeleted() throws Exception {
    deployed("web");
    ended(server.delete("/v1/vms/web"));
    assertThat(server.get("/v1/vms").list(VmView.class)).isEmpty();
    VmView trashed = server.get("/v1/vms?trashed=true").list(VmView.class).getFirst();
    assertThat(trashed.state()).isEqualTo(VmState.TRASHED);
    assertThat(trashed.trashedUntil()).isPresent();
    assertThat(server.get("/v1/vms/web").status()).isEqualTo(404);
    assertThat(server.post("/v1/vms/" + trashed.id() + "/start", "").problem().code())
        .isEqualTo(ErrorCode.WRONG_STATE);

    deployed("web");
    assertThat(server.post("/v1/vms/" + trashed.id() + "/undelete", "").problem().code())
        .isEqualTo(ErrorCode.NAME_TAKEN);
    ended(server.delete("/v1/vms/web"));
    assertThat(server.post("/v1/vms/web/undelete", "").problem().code())
        .isEqualTo(ErrorCode.WRONG_STATE);
    ended(server.post("/v1/vms/" + trashed.id() + "/undelete", ""));
    assertThat(show("web").state()).isEqualTo(VmState.STOPPED);
    assertThat(show("web").id()).isEqualTo(trashed.id());
  }

  @Test
  void purgesWhatLayInTheTrashLongEnough() throws Exception {
    deployed("web");
    ended(server.delete("/v1/vms/web"));
    server.clock.advance(Duration.ofHours(71));
    server.server.sweep();
    assertThat(server.get("/v1/vms?trashed=true").list(VmView.class)).hasSize(1);

    server.clock.advance(Duration.ofHours(2));
    server.server.sweep();
    assertThat(server.get("/v1/vms?trashed=true").list(VmView.class)).isEmpty();
    assertThat(server.delete("/v1/images/tiny").problem().code()).isEqualTo(ErrorCode.IN_USE);
    DesiredState desired = agent.obey().orElseThrow();

    assertThat(desired.vms().getFirst().power()).isEqualTo(DesiredPower.PURGED);
    assertThat(server.delete("/v1/images/tiny").status()).isEqualTo(200);
  }

  @Test
  void keepsAnImageThatVmsStandOn() throws Exception {
    deployed("web");
    ImageView image = server.get("/v1/images/tiny:latest").as(ImageView.class);
    assertThat(image.usedBy()).containsExactly("web");

    Reply refused = server.delete("/v1/images/tiny");

    assertThat(refused.status()).isEqualTo(409);
    assertThat(refused.problem().detail()).contains("web");
    agent.bases.add(image.diskId());
    agent.report();
    BaseView base = server.get("/v1/bases").list(BaseView.class).getFirst();
    assertThat(base.children()).extracting(c -> c.vm().text()).containsExactly("web");
    assertThat(base.replicas()).hasSize(1);
    assertThat(base.images()).containsExactly(image.image());
  }

  @Test
  void copiesWholeWhereDifferencingIsOff() throws Exception {
    server.put("/v1/settings", new Settings(false, 72, 1.0));
    deploy("copy", 1);
    server.post(
        "/v1/vms",
        """
        {"name": "child", "disks": [{"image": "tiny"}], "differencing": true}\
        """);

    List<DesiredVm> vms = agent.obey().orElseThrow().vms();

    assertThat(vms)
        .filteredOn(vm -> vm.name().text().equals("copy"))
        .allMatch(vm -> !vm.disks().getFirst().differencing());
    assertThat(vms)
        .filteredOn(vm -> vm.name().text().equals("child"))
        .allMatch(vm -> vm.disks().getFirst().differencing());
  }

  @Test
  void promisesABaseThatHasToComeItsRoomOnce() throws Exception {
    long stored = server.get("/v1/images/tiny").as(ImageView.class).storedBytes();
    assertThat(stored).isPositive();
    long disk = 64L << 20;
    agent.diskFreeBytes = 2 * disk + stored - 1;
    agent.report();
    deploy("one", 1);
    String second = "{\"name\": \"two\", \"disks\": [{\"image\": \"tiny\"}]}";

    assertThat(server.post("/v1/vms", second).problem().code()).isEqualTo(ErrorCode.NO_HOST_FITS);
    agent.diskFreeBytes += 1;
    agent.report();
    assertThat(server.post("/v1/vms", second).status()).isEqualTo(202);
  }

  @Test
  void refusesADiskSmallerThanItsImage() throws Exception {
    Reply refused =
        server.post(
            "/v1/vms",
            """
            {"name": "web", "disks": [{"image": "tiny", "sizeBytes": 512}]}\
            """);

    assertThat(refused.status()).isEqualTo(400);
    assertThat(refused.problem().code()).isEqualTo(ErrorCode.DISK_TOO_SMALL);
  }

  @Test
  void ignoresReportsOfAnOlderOwner() throws Exception {
    deployed("web");
    DesiredVm vm = agent.vms.values().iterator().next();
    DesiredVm older =
        Json.read(Json.write(vm).replace("\"epoch\":1", "\"epoch\":0"), DesiredVm.class);

    server
        .server
        .link()
        .report(
            agent.host,
            List.of(agent.report(older, true, VmState.STOPPED, List.of(), Optional.empty())));

    assertThat(show("web").state()).isEqualTo(VmState.RUNNING);
  }

  @Test
  void goesOnAfterACrashWhereItWas() throws Exception {
    OperationView operation = deploy("web", 1).getFirst();
    deployWithKey("db", "k1");

    server = server.restart();

    assertThat(server.get("/v1/operations/" + operation.id()).as(OperationView.class).state())
        .isEqualTo(OperationState.RUNNING);
    assertThat(server.get("/v1/hosts").list(HostView.class).getFirst().connected()).isFalse();
    agent.connect(server);
    agent.obey();
    assertThat(server.ended(operation).state()).isEqualTo(OperationState.DONE);
    assertThat(deployWithKey("db", "k1").status()).isEqualTo(202);
    assertThat(server.get("/v1/hosts/host-1").as(HostView.class).vms()).isEqualTo(2);

    server = server.restart();
    assertThat(show("web").state()).isEqualTo(VmState.RUNNING);
  }

  @Test
  void showsTheConsole() throws Exception {
    deployed("web");

    Reply reply = server.get("/v1/vms/web/console?offset=2");

    assertThat(reply.body()).isEqualTo("gin: ");
    assertThat(reply.headers().firstValue("Ratoon-Next-Offset")).contains("7");
  }

  @Test
  void streamsTheDiskOfAVmThatDoesNotRun() throws Exception {
    deployed("web");
    Reply running = server.get("/v1/vms/web/disks/0");
    assertThat(running.status()).isEqualTo(409);
    assertThat(running.problem().code()).isEqualTo(ErrorCode.WRONG_STATE);
    ended(server.post("/v1/vms/web/stop", ""));

    assertThat(server.get("/v1/vms/web/disks/0").body()).isEqualTo("web 0 WHOLE packed");
    Reply overlay = server.get("/v1/vms/web/disks/0?part=overlay&packed=false");
    assertThat(overlay.body()).isEqualTo("web 0 OVERLAY");
    assertThat(overlay.headers().firstValue("Content-Type")).contains("application/octet-stream");
    assertThat(agent.openStreams).hasValue(0);

    assertThat(server.get("/v1/vms/web/disks/1").problem().code()).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(server.get("/v1/vms/web/disks/x").status()).isEqualTo(400);
    assertThat(server.get("/v1/vms/web/disks/0?part=half").status()).isEqualTo(400);
    assertThat(server.get("/v1/vms/other/disks/0").status()).isEqualTo(404);
  }

  @Test
  void exportsNothingWhileTheVmChangesButAlsoFromTheTrash() throws Exception {
    deployed("web");
    ended(server.post("/v1/vms/web/stop", ""));
    VmView vm = show("web");
    Reply starting = server.post("/v1/vms/web/start", "");
    assertThat(server.get("/v1/vms/web/disks/0").problem().code()).isEqualTo(ErrorCode.WRONG_STATE);
    ended(starting);
    ended(server.delete("/v1/vms/web"));

    assertThat(server.get("/v1/vms/web/disks/0").status()).isEqualTo(404);
    assertThat(server.get("/v1/vms/" + vm.id() + "/disks/0").body()).startsWith("web 0");
  }

  private static String request(String name, int count) {
    return """
    {"name": "%s", "count": %d, "disks": [{"image": "tiny"}]}\
    """
        .formatted(name, count);
  }

  private List<OperationView> deploy(String name, int count) throws Exception {
    Reply reply = server.post("/v1/vms", request(name, count));
    assertThat(reply.status()).as(reply.body()).isEqualTo(202);
    return reply.list(OperationView.class);
  }

  private Reply deployWithKey(String name, String key) throws Exception {
    return server.send(
        server
            .request("/v1/vms")
            .header("Idempotency-Key", key)
            .POST(TestServer.json(request(name, 1))));
  }

  private void deployed(String name) throws Exception {
    OperationView operation = deploy(name, 1).getFirst();
    agent.obey();
    assertThat(server.ended(operation).state()).isEqualTo(OperationState.DONE);
  }

  private OperationView ended(Reply reply) throws Exception {
    assertThat(reply.status()).as(reply.body()).isEqualTo(202);
    agent.obey();
    return server.ended(reply.as(OperationView.class));
  }

  private VmView show(String name) throws Exception {
    Reply reply = server.get("/v1/vms/" + name);
    assertThat(reply.status()).as(reply.body()).isEqualTo(200);
    return reply.as(VmView.class);
  }
}
