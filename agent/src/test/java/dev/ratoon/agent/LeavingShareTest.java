package dev.ratoon.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.cache.share.MountedFiles;
import dev.ratoon.cache.share.ShareFiles;
import dev.ratoon.cache.share.ShareTimes;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.Problem;
import dev.ratoon.model.ShareKind;
import dev.ratoon.model.ShareState;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredShare;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.Withdrawal;
import dev.ratoon.protocol.agent.WithdrawalReport;
import dev.ratoon.protocol.agent.WithdrawalReport.State;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two hosts that share a folder, from which a base is to leave; only the first has its own. */
class LeavingShareTest {
  private static final ShareTimes TIMES =
      new ShareTimes(
          Duration.ofSeconds(2), Duration.ofMillis(50), Duration.ofSeconds(20), Duration.ZERO);

  @TempDir Path work;
  private Host first;
  private Host second;
  private Path root;
  private Hanging hanging;
  private Optional<String> marker = Optional.empty();
  private volatile Optional<IOException> deleting = Optional.empty();
  private final AtomicInteger deletes = new AtomicInteger();

  @BeforeEach
  void boot() throws IOException {
    root = Files.createDirectory(work.resolve("share"));
    hanging = new Hanging(deletingAsTold(new MountedFiles(root)));
    first = new Host(work.resolve("first"));
    second = new Host(work.resolve("second"), first);
    first.shareFiles(TIMES, share -> new MountedFiles(root));
    second.shareFiles(TIMES, share -> hanging.files());
    first.boot();
    second.boot();
    first.wantShares(share(false));
    first.awaitHost(h -> !h.shares().isEmpty() && h.shares().getFirst().marker().isPresent());
    marker = first.lastReport().shares().getFirst().marker();
    first.wantShares(share(true));
    second.wantShares(share(false));
    second.awaitHost(h -> h.replicas().stream().anyMatch(r -> r.cache().equals("vm-cache")));
  }

  @AfterEach
  void end() throws IOException {
    hanging.hang(false);
    first.close();
    second.close();
  }

  private DesiredShare share(boolean fill, Withdrawal... leaving) {
    return new DesiredShare(
        new EntityName("vm-cache"),
        ShareKind.MOUNTED,
        root.toString(),
        Optional.empty(),
        marker,
        true,
        fill ? List.of(first.image()) : List.of(),
        List.of(leaving));
  }

  private void leaves(Host host, int step, boolean remove) {
    host.wantShares(share(false, new Withdrawal(first.image(), "order", step, remove)));
  }

  private WithdrawalReport answer(Host host, int step) {
    host.awaitHost(h -> said(h).filter(said -> said.step() == step).isPresent());
    return said(host.lastReport()).orElseThrow();
  }

  private static Optional<WithdrawalReport> said(HostReport report) {
    return report.shares().stream().flatMap(share -> share.leaving().stream()).findFirst();
  }

  private Path content() {
    return root.resolve(first.image() + ".flat.raw");
  }

  private static String why(WithdrawalReport said) {
    return said.problem().map(Problem::detail).orElse("");
  }

  @Test
  void whatNobodyStandsOnIsRemovedByTheOneThatIsTold() throws IOException {
    leaves(first, 1, false);
    leaves(second, 1, false);
    assertThat(answer(first, 1).state()).isEqualTo(State.FREE);
    assertThat(answer(second, 1).state()).isEqualTo(State.FREE);
    second.awaitHost(h -> h.replicas().isEmpty());
    assertThat(second.lastReport().shares().getFirst().bases())
        .as("it is there, and nothing is placed on it")
        .hasSize(1);
    assertThat(content()).exists();

    leaves(second, 2, true);

    assertThat(answer(second, 2))
        .isEqualTo(
            WithdrawalReport.removed(
                new Withdrawal(first.image(), "order", 2, true), answer(second, 2).freedBytes()));
    assertThat(answer(second, 2).freedBytes()).isPositive();
    assertThat(content()).doesNotExist();
    assertThat(first.base().path()).as("the host's own stays").exists();
    leaves(second, 3, false);
    assertThat(answer(second, 3).state()).isEqualTo(State.REMOVED);
    first.wantShares(share(true));
    first.awaitHost(h -> h.replicas().stream().anyMatch(r -> r.cache().equals("vm-cache")));
    assertThat(Files.mismatch(content(), first.base().path())).isEqualTo(-1);
  }

  @Test
  void aVmKeepsItAndIsStartedStoppedAndKeptInTheTrashMeanwhile() {
    VmId vm = second.deploy("web");
    second.await(vm, VmState.RUNNING);
    VmId own = first.deploy("db");
    first.await(own, VmState.RUNNING);
    second.power(vm, DesiredPower.STOPPED);
    second.await(vm, VmState.STOPPED);

    leaves(first, 1, false);
    leaves(second, 1, false);

    assertThat(answer(first, 1).state()).as("it stands on the host's own").isEqualTo(State.FREE);
    assertThat(answer(second, 1).state()).isEqualTo(State.NEEDED);
    assertThat(why(answer(second, 1))).isEqualTo("On it stand: web.");
    second.power(vm, DesiredPower.RUNNING);
    second.await(vm, VmState.RUNNING);
    second.power(vm, DesiredPower.TRASHED);
    second.awaitDomains();
    leaves(second, 2, true);
    assertThat(why(answer(second, 2))).isEqualTo("On it stand: web.");
    assertThat(content()).exists();
  }

  @Test
  void overlaysOfWhichNobodyKnowsWhoseTheyAreKeepIt() throws Exception {
    Path strange = Files.createDirectories(second.folders().vms().resolve("by-hand"));
    Host.run(
        "qemu-img",
        "create",
        "-q",
        "-f",
        "qcow2",
        "-F",
        "raw",
        "-b",
        content().toString(),
        strange.resolve("old.qcow2").toString());
    leaves(second, 1, true);
    assertThat(answer(second, 1).state()).isEqualTo(State.NEEDED);
    assertThat(why(answer(second, 1))).contains("old.qcow2");
    Files.writeString(strange.resolve("old.qcow2"), "torn");
    leaves(second, 2, true);
    assertThat(answer(second, 2).state()).as("what cannot be read may").isEqualTo(State.NEEDED);
    assertThat(content()).exists();
  }

  @Test
  void aShareThatHangsIsAnsweredForWhenItAnswers() {
    leaves(second, 1, false);
    assertThat(answer(second, 1).state()).isEqualTo(State.FREE);
    hanging.hang(true);
    leaves(second, 2, true);
    second.awaitHost(h -> h.shares().getFirst().state() == ShareState.STALLED);
    assertThat(answer(second, 1).step()).as("nothing is said of the removal").isEqualTo(1);

    hanging.hang(false);

    assertThat(answer(second, 2).state()).isEqualTo(State.REMOVED);
    assertThat(content()).doesNotExist();
  }

  @Test
  void aHostThatWasKilledKeepsItsPromise() {
    leaves(second, 1, false);
    assertThat(answer(second, 1).state()).isEqualTo(State.FREE);
    second.kill();
    second.serverIsAway(true);
    leaves(second, 2, false);
    second.boot();

    second.awaitHost(h ->
        said(h).filter(said -> said.step() == 1).isPresent()
            && h.shares().getFirst().state() == ShareState.READY
            && h.shares().getFirst().bases().size() == 1);

    assertThat(second.lastReport().replicas()).isEmpty();
  }

  @Test
  void aRemoverThatWasKilledDoesItInItsNextLifeOnlyWhenTheServerStillSaysSo() {
    hanging.hang(true);
    second.awaitHost(h -> h.shares().getFirst().state() == ShareState.STALLED);
    leaves(second, 2, true);
    second.awaitHost(h -> h.revision() == second.revision());
    second.kill();
    hanging.hang(false);

    second.boot();

    assertThat(answer(second, 0).state()).as("it answers no order").isEqualTo(State.FREE);
    assertThat(content()).exists();
    leaves(second, 2, true);
    assertThat(answer(second, 2).state()).isEqualTo(State.REMOVED);
    assertThat(content()).doesNotExist();
  }

  @Test
  void aRemoverThatIsOfTheFleetNoMoreRemovesNothing() {
    hanging.hang(true);
    second.awaitHost(h -> h.shares().getFirst().state() == ShareState.STALLED);
    leaves(second, 2, true);
    second.awaitHost(h -> h.revision() == second.revision());
    second.remove();
    second.awaitRefusals(1);

    hanging.hang(false);

    second.awaitRefusals(4);
    assertThat(content()).exists();
  }

  @Test
  void aRecallIsAnsweredAfterANewLookOnceARemovalWasTried() throws IOException {
    deleting = Optional.of(new IOException("it timed out"));
    leaves(second, 2, true);
    second.awaitHost(_ -> deletes.get() > 0);
    leaves(second, 3, false);
    assertThat(answer(second, 3).state()).isEqualTo(State.FREE);

    leaves(second, 4, true);
    int before = deletes.get();
    second.awaitHost(_ -> deletes.get() > before);
    Files.delete(content());
    leaves(second, 5, false);
    assertThat(answer(second, 5).state()).as("it was done after all").isEqualTo(State.REMOVED);
  }

  @Test
  void whatTheFileServerRefusesIsSaidAtOnce() {
    deleting = Optional.of(new AccessDeniedException(content().toString()));
    leaves(second, 2, true);
    assertThat(answer(second, 2).state()).isEqualTo(State.NEEDED);
    assertThat(why(answer(second, 2))).contains("refuses");
    assertThat(deletes).hasValue(1);
    assertThat(content()).exists();
  }

  @Test
  void aPromiseThatCouldNotBeWrittenDownIsGivenWhenItCan() throws IOException {
    Path state = second.folders().agent().resolve("desired.json");
    Files.delete(state);
    Files.createDirectories(state.resolve("in-the-way"));
    leaves(second, 1, false);
    second.awaitHost(h -> h.revision() == second.revision());
    assertThat(said(second.lastReport())).isEmpty();

    Files.delete(state.resolve("in-the-way"));
    Files.delete(state);

    assertThat(answer(second, 1).state()).isEqualTo(State.FREE);
    assertThat(state).isRegularFile();
  }

  /** The share, but for how its file server takes that a base is deleted. */
  private ShareFiles deletingAsTold(ShareFiles real) {
    return (ShareFiles)
        Proxy.newProxyInstance(
            ShareFiles.class.getClassLoader(),
            new Class<?>[] {ShareFiles.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("delete")
                  && String.valueOf(arguments[0]).endsWith(".flat.raw")
                  && deleting.isPresent()) {
                deletes.incrementAndGet();
                throw deleting.get();
              }
              try {
                return method.invoke(real, arguments);
              } catch (InvocationTargetException failed) {
                throw failed.getCause();
              }
            });
  }
}
