package dev.ratoon.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.Findings;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.VmView;
import dev.ratoon.server.store.DatabaseAddress;
import dev.ratoon.server.store.Moving;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A server whose database was put back from a backup: hosts have seen what it knows nothing of. The
 * files of SQLite are copied; of PostgreSQL a backup is made and restored.
 */
final class RestoredDatabaseTest {
  @TempDir Path home;
  @TempDir Path backup;
  private TestServer server;
  private FakeAgent agent;

  @BeforeEach
  void start() throws Exception {
    server = TestServer.start(home);
    agent = FakeAgent.on(server);
    addImage();
    deploy("old");
    agent.obey();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private void addImage() throws Exception {
    Reply reply = server.upload("/v1/images?image=tiny&file=tiny.raw", new byte[1 << 20]);
    assertThat(server.ended(reply.as(OperationView.class)).state()).isEqualTo(OperationState.DONE);
  }

  private OperationView deploy(String name) throws Exception {
    return server
        .post("/v1/vms", "{\"name\": \"" + name + "\", \"disks\": [{\"image\": \"tiny\"}]}")
        .list(OperationView.class)
        .getFirst();
  }

  private void backUp() throws Exception {
    server.close();
    if (TestDatabase.isShared()) {
      Moving.Moved _ = Moving.copy(TestDatabase.of(home), backupFile(), false);
    } else {
      copy(home.resolve("server"), backup);
    }
    server = TestServer.start(home);
    agent.connect(server);
  }

  private void restore() throws Exception {
    server.close();
    putBack();
    server = TestServer.start(home);
  }

  /** The backup, or an empty database where none was made. */
  private void putBack() throws IOException {
    if (!TestDatabase.isShared()) {
      copy(backup, home.resolve("server"));
      return;
    }
    DatabaseAddress fresh = TestDatabase.shared();
    if (Files.exists(backupFile().path())) {
      Moving.Moved _ = Moving.copy(backupFile(), fresh, true);
    }
    TestDatabase.share(home, fresh);
  }

  private DatabaseAddress.File backupFile() {
    return new DatabaseAddress.File(backup.resolve("backup.db"));
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> there = Files.list(to)) {
      for (Path file : there.filter(f -> f.toString().contains("ratoon.db")).toList()) {
        Files.delete(file);
      }
    }
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.filter(f -> f.toString().contains("ratoon.db")).toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }

  private HostView host() throws Exception {
    return server.get("/v1/hosts/host-1").as(HostView.class);
  }

  private void assertHeld(String words) throws Exception {
    assertThat(host().problem().orElseThrow().detail()).contains(words);
    assertThat(host().problem().orElseThrow().next()).contains("ratoon host follow host-1");
    assertThat(
            server
                .post("/v1/vms", "{\"name\": \"more\", \"disks\": [{\"image\": \"tiny\"}]}")
                .problem()
                .code())
        .isEqualTo(ErrorCode.NO_HOST_FITS);
    assertThat(agent.look(Duration.ofMillis(200))).as("what it is told").isEmpty();
  }

  private Map<String, DesiredVm> told() throws Exception {
    DesiredState state = agent.look(Duration.ofSeconds(5)).orElseThrow();
    return state.vms().stream().collect(Collectors.toMap(vm -> vm.name().text(), vm -> vm));
  }

  @Test
  void aHostThatHasSeenMoreIsLeftAloneUntilAnOperatorAgrees() throws Exception {
    backUp();
    deploy("new");
    agent.obey();
    VmId unknown =
        agent.vms.values().stream()
            .filter(vm -> vm.name().text().equals("new"))
            .map(DesiredVm::id)
            .findFirst()
            .orElseThrow();

    restore();
    agent.strays.add(
        new Findings.Stray(
            unknown,
            1,
            true,
            false,
            List.of(new Findings.Overlay("/vms/x/disk-0.qcow2", Optional.of("/cache/a"), 1))));
    agent.connect(server);

    assertHeld("restored from a backup");
    assertThat(host().findings().orElseThrow().strays()).extracting(s -> s.id()).contains(unknown);
    assertThat(server.get("/v1/vms").list(VmView.class)).hasSize(1);

    assertThat(server.post("/v1/hosts/host-1/follow", "").status()).isEqualTo(200);
    assertThat(told()).containsOnlyKeys("old");
    assertThat(agent.obey().orElseThrow().lineage().orElseThrow().replaces()).isPresent();
    assertThat(host().problem()).isEmpty();
    assertThat(agent.vms).as("nothing is forgotten on the host").containsKey(unknown);
    deploy("more");
    assertThat(told()).containsOnlyKeys("old", "more");
    assertThat(agent.obey().orElseThrow().lineage().orElseThrow().replaces())
        .as("once is enough")
        .isEmpty();
    assertThat(server.post("/v1/hosts/host-1/follow", "").problem().code())
        .isEqualTo(ErrorCode.WRONG_STATE);
  }

  @Test
  void aRestoredServerThatHasCountedFurtherThanTheHostIsNoticedToo() throws Exception {
    backUp();
    deploy("new");
    agent.obey();

    restore();
    for (int i = 0; i < 10; i++) {
      assertThat(server.post("/v1/vms/old/" + (i % 2 == 0 ? "stop" : "start"), "{}").status())
          .isIn(202, 409);
    }
    agent.connect(server);

    assertHeld("restored from a backup");
  }

  @Test
  void whatWasAskedAfterTheBackupIsNotTakenForAnAnswerToWhatIsAskedNow() throws Exception {
    backUp();
    for (String what : List.of("stop", "start", "stop", "start")) {
      server.post("/v1/vms/old/" + what, "{}");
      agent.obey();
    }
    restore();
    agent.connect(server);
    server.post("/v1/hosts/host-1/follow", "");
    agent.obey();

    OperationView stop = server.post("/v1/vms/old/stop", "{}").as(OperationView.class);

    DesiredVm wanted = Objects.requireNonNull(told().get("old"));
    assertThat(wanted.power()).isEqualTo(DesiredPower.STOPPED);
    assertThat(wanted.powerRevision())
        .isGreaterThan(agent.vms.values().iterator().next().powerRevision());
    assertThat(server.get("/v1/operations/" + stop.id()).as(OperationView.class).state().ended())
        .isFalse();
  }

  @Test
  void aServerThatWasMerelyRestartedIsFollowed() throws Exception {
    backUp();
    deploy("new");
    server = server.restart();
    agent.connect(server);

    assertThat(host().problem()).isEmpty();
    assertThat(told()).containsOnlyKeys("old", "new");
    assertThat(server.post("/v1/hosts/host-1/follow", "").problem().code())
        .isEqualTo(ErrorCode.WRONG_STATE);
  }

  @Test
  void aDatabaseThatWasMadeAnewIsFollowedOnlyWhenAnOperatorAgrees() throws Exception {
    server.close();
    putBack();
    server = TestServer.start(home);
    addImage();
    agent.connect(server);

    assertHeld("another fleet");

    server.post("/v1/hosts/host-1/follow", "");
    assertThat(told()).isEmpty();
    agent.obey();
    assertThat(host().problem()).isEmpty();
    assertThat(agent.vms).hasSize(1);
  }
}
