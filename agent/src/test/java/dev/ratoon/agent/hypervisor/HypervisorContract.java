package dev.ratoon.agent.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.agent.hypervisor.DomainSpec.DomainNic;
import dev.ratoon.agent.hypervisor.HypervisorEvent.ConnectionBack;
import dev.ratoon.agent.hypervisor.HypervisorEvent.ConnectionLost;
import dev.ratoon.agent.hypervisor.HypervisorEvent.DomainEnded;
import dev.ratoon.agent.hypervisor.HypervisorEvent.DomainPaused;
import dev.ratoon.agent.hypervisor.HypervisorEvent.DomainResumed;
import dev.ratoon.agent.hypervisor.HypervisorEvent.DomainStarted;
import dev.ratoon.agent.hypervisor.HypervisorEvent.Ending;
import dev.ratoon.agent.hypervisor.HypervisorEvent.PauseReason;
import dev.ratoon.disk.qcow2.Qcow2Header;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every hypervisor keeps to. Domains here have no system: their processors run on nothing. */
public abstract class HypervisorContract {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final long LOOK_MILLIS = 50;
  private final List<HypervisorEvent> heard = new ArrayList<>();
  private final VmId id = new VmId(UUID.randomUUID());
  private Hypervisor.@Nullable Subscription hearing;

  /** The hypervisor under test, the same within one test. */
  protected abstract Hypervisor hypervisor();

  /** An empty disk that a domain can write, in a folder where console logs may be written. */
  protected abstract Path newDisk(VmId id);

  /** Ends the domain's process, as a crash of QEMU would. */
  protected abstract void killProcess(VmId id);

  /** The daemon dies suddenly. */
  protected abstract void disconnect();

  protected abstract void reconnect();

  @BeforeEach
  void hear() {
    hearing = hypervisor().listen(this::note);
  }

  @AfterEach
  void tidy() {
    for (DomainStatus left : hypervisor().domains()) {
      hypervisor().destroy(left.id());
    }
    if (hearing != null) {
      hearing.close();
    }
  }

  @Test
  void aDomainStartsAndIsFoundAgainWithItsMark() {
    DomainSpec spec = spec(false);
    hypervisor().start(spec);

    DomainStatus status = hypervisor().domain(id).orElseThrow();
    assertThat(status.state()).isEqualTo(DomainState.RUNNING);
    assertThat(status.epoch()).isEqualTo(7);
    assertThat(status.tenant()).isEqualTo("<acme> & 'sons'");
    assertThat(status.overlays()).containsExactly(spec.disks().getFirst().path());
    assertThat(hypervisor().domains()).containsExactly(status);
    assertThat(hypervisor().address(id)).isEmpty();
    awaitEvent(new DomainStarted(id));
  }

  @Test
  void startingAgainLeavesTheDomainThatIsThere() {
    hypervisor().start(spec(true));
    hypervisor().start(spec(false));
    assertThat(hypervisor().domain(id).orElseThrow().state()).isEqualTo(DomainState.PAUSED);
  }

  @Test
  void aHeldDomainResumesAndIsHeldAgain() {
    hypervisor().start(spec(true));
    assertThat(state()).isEqualTo(DomainState.PAUSED);
    hypervisor().resume(id);
    hypervisor().resume(id);
    assertThat(state()).isEqualTo(DomainState.RUNNING);
    awaitEvent(new DomainResumed(id));
    hypervisor().pause(id);
    hypervisor().pause(id);
    assertThat(state()).isEqualTo(DomainState.PAUSED);
    awaitEvent(new DomainPaused(id, PauseReason.REQUESTED));
  }

  @Test
  void aDestroyedDomainIsGoneAndMayBeDestroyedAgain() {
    hypervisor().start(spec(false));
    hypervisor().destroy(id);
    assertThat(hypervisor().domain(id)).isEmpty();
    assertThat(hypervisor().domains()).isEmpty();
    awaitEvent(new DomainEnded(id, Ending.DESTROYED));
    hypervisor().destroy(id);
    hypervisor().start(spec(true));
    assertThat(state()).isEqualTo(DomainState.PAUSED);
  }

  @Test
  void whatIsAbsentCannotRunButMayShutDown() {
    assertFails(ErrorCode.DOMAIN_LOST, () -> hypervisor().resume(id));
    assertFails(ErrorCode.DOMAIN_LOST, () -> hypervisor().pause(id));
    assertThatCode(() -> hypervisor().shutdown(id)).doesNotThrowAnyException();
    assertThat(hypervisor().domain(id)).isEmpty();
    assertThat(hypervisor().address(id)).isEmpty();
  }

  @Test
  void aProcessThatDiesIsAFailureAndTheVmStartsAnew() {
    hypervisor().start(spec(false));
    killProcess(id);
    awaitEvent(new DomainEnded(id, Ending.FAILED));
    assertThat(hypervisor().domain(id)).isEmpty();
    hypervisor().start(spec(true));
  }

  @Test
  void aCutDomainWritesToTheNextFileAndOneThatIsCutAlreadyIsLeft() {
    DomainSpec spec = spec(false);
    hypervisor().start(spec);
    Path first = spec.disks().getFirst().path();
    Path second = TestDomains.newChild(hypervisor(), first);
    List<DiskWork.DiskCut> cuts = List.of(new DiskWork.DiskCut(first, second));

    assertThat(hypervisor().cut(id, cuts, true)).isFalse();

    assertThat(hypervisor().domain(id).orElseThrow().overlays()).containsExactly(second);
    assertThat(hypervisor().cut(id, cuts, false)).isFalse();
    assertThat(hypervisor().domain(id).orElseThrow().overlays()).containsExactly(second);
    hypervisor().pull(id, second);
    await(() -> Qcow2Header.read(second).backingName().isEmpty(), () -> "a parent is still named");
    await(() -> hypervisor().blockJobs().isEmpty(), () -> "a job goes on");
    assertThat(hypervisor().domain(id).orElseThrow().overlays()).containsExactly(second);
    hypervisor().destroy(id);
  }

  @Test
  void whatIsNoDiskOfADomainIsNotCutAndNothingIsOfOneThatIsAbsent() {
    DomainSpec spec = spec(false);
    Path first = spec.disks().getFirst().path();
    Path second = TestDomains.newChild(hypervisor(), first);
    List<DiskWork.DiskCut> cuts = List.of(new DiskWork.DiskCut(first, second));
    assertFails(ErrorCode.DOMAIN_LOST, () -> hypervisor().cut(id, cuts, false));
    assertFails(ErrorCode.DOMAIN_LOST, () -> hypervisor().pull(id, second));

    hypervisor().start(spec);

    List<DiskWork.DiskCut> wrong =
        List.of(new DiskWork.DiskCut(first.resolveSibling("other.qcow2"), second));
    assertFails(ErrorCode.HYPERVISOR_REFUSED, () -> hypervisor().cut(id, wrong, false));
    assertThat(hypervisor().domain(id).orElseThrow().overlays()).containsExactly(first);
  }

  @Test
  void aDomainGoesOverToACopyOnceThatIsWhole() {
    DomainSpec spec = spec(false);
    hypervisor().start(spec);
    Path first = spec.disks().getFirst().path();
    DiskWork.DiskCopy copy = TestDomains.newCopy(hypervisor(), first);

    hypervisor().copy(id, copy);

    assertFails(ErrorCode.HYPERVISOR_REFUSED, () -> hypervisor().copy(id, copy));
    await(
        () -> hypervisor().copyState(id, copy) == DiskWork.CopyState.WHOLE,
        () -> "it is not copied");
    assertThat(hypervisor().blockJobs())
        .singleElement()
        .satisfies(job -> assertThat(job.disk()).isEqualTo(first));
    assertThat(hypervisor().domain(id).orElseThrow().overlays()).containsExactly(first);
    hypervisor().pause(id);
    assertThat(hypervisor().goOver(id, copy)).isTrue();
    assertThat(hypervisor().domain(id).orElseThrow().overlays()).containsExactly(copy.to());
    assertThat(hypervisor().goOver(id, copy)).isTrue();
    hypervisor().endCopy(id, copy);
    assertThat(hypervisor().domain(id).orElseThrow().overlays()).containsExactly(copy.to());
    hypervisor().resume(id);
    assertThat(hypervisor().blockJobs()).isEmpty();
    hypervisor().destroy(id);
  }

  @Test
  void aCopyIsEndedAndTheDomainStaysOnItsFile() {
    DomainSpec spec = spec(false);
    Path first = spec.disks().getFirst().path();
    DiskWork.DiskCopy copy = TestDomains.newCopy(hypervisor(), first);
    assertFails(ErrorCode.DOMAIN_LOST, () -> hypervisor().copy(id, copy));
    assertFails(ErrorCode.DOMAIN_LOST, () -> hypervisor().goOver(id, copy));
    assertFails(ErrorCode.DOMAIN_LOST, () -> hypervisor().copyState(id, copy));
    hypervisor().endCopy(id, copy);
    hypervisor().start(spec);
    hypervisor().endCopy(id, copy);
    hypervisor().copy(id, copy);
    hypervisor().pause(id);

    hypervisor().endCopy(id, copy);

    assertThat(hypervisor().blockJobs()).isEmpty();
    assertThat(hypervisor().copyState(id, copy)).isEqualTo(DiskWork.CopyState.NONE);
    assertThat(hypervisor().domain(id).orElseThrow().overlays()).containsExactly(first);
    assertFails(ErrorCode.HYPERVISOR_REFUSED, () -> hypervisor().goOver(id, copy));
    hypervisor().destroy(id);
  }

  /** Nothing that writes into what others stand on can even be asked for. */
  @Test
  void thereIsNoCommit() {
    assertThat(Hypervisor.class.getMethods())
        .extracting(java.lang.reflect.Method::getName)
        .noneMatch(name -> name.toLowerCase(java.util.Locale.ROOT).contains("commit"));
  }

  @Test
  void aMissingNetworkIsNamedAndNothingIsLeftBehind() {
    var nowhere = new DomainNic(new NetworkAttachment.Network("nowhere"), "52:54:00:00:00:02");
    assertFails(ErrorCode.NETWORK_MISSING, () -> hypervisor().start(spec(true, List.of(nowhere))));
    var nobridge = new DomainNic(new NetworkAttachment.Bridge("br-nowhere"), "52:54:00:00:00:02");
    assertFails(ErrorCode.NETWORK_MISSING, () -> hypervisor().start(spec(true, List.of(nobridge))));
    assertThat(hypervisor().domains()).isEmpty();
    hypervisor().start(spec(true));
  }

  @Test
  void domainsOutliveTheConnection() {
    hypervisor().start(spec(true));
    disconnect();
    awaitEvent(new ConnectionLost());
    long before = System.nanoTime();
    assertFails(ErrorCode.HYPERVISOR_UNAVAILABLE, () -> hypervisor().domains());
    assertFails(ErrorCode.HYPERVISOR_UNAVAILABLE, () -> hypervisor().start(spec(true)));
    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(1));
    reconnect();
    awaitEvent(new ConnectionBack());
    assertThat(state()).isEqualTo(DomainState.PAUSED);
    hypervisor().resume(id);
    awaitEvent(new DomainResumed(id));
  }

  @Test
  void aClosedSubscriptionHearsNoMore() {
    List<HypervisorEvent> mine = new ArrayList<>();
    hypervisor().listen(mine::add).close();
    hypervisor().start(spec(true));
    awaitEvent(new DomainStarted(id));
    assertThat(mine).isEmpty();
  }

  @Test
  void theHostSaysWhatItOffers() {
    HypervisorFacts facts = hypervisor().facts();
    assertThat(facts.version()).isNotBlank();
    assertThat(facts.cpus()).isPositive();
    assertThat(facts.memoryBytes()).isPositive();
  }

  protected final VmId id() {
    return id;
  }

  protected final DomainSpec spec(boolean paused) {
    return spec(paused, List.of(TestDomains.NIC));
  }

  private DomainSpec spec(boolean paused, List<DomainNic> nics) {
    return TestDomains.small(id, newDisk(id), paused, nics);
  }

  protected final DomainState state() {
    return hypervisor().domain(id).orElseThrow().state();
  }

  protected static void assertFails(ErrorCode code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            RatoonException.class,
            failure ->
                assertThat(failure.problem().code()).as(failure.getMessage()).isEqualTo(code));
  }

  protected final void awaitEvent(HypervisorEvent wanted) {
    synchronized (heard) {
      await(() -> heard.contains(wanted), () -> wanted + " among " + heard);
    }
  }

  /** Forgets what was heard so far. */
  protected final void forget() {
    synchronized (heard) {
      heard.clear();
    }
  }

  private void await(BooleanSupplier condition, Supplier<String> what) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      long left = Duration.ofNanos(deadline - System.nanoTime()).toMillis();
      if (left <= 0) {
        throw new AssertionError("waited in vain for " + what.get());
      }
      try {
        synchronized (heard) {
          // Not all that is waited for is told.
          heard.wait(Math.min(left, LOOK_MILLIS));
        }
      } catch (InterruptedException stop) {
        throw new AssertionError(stop);
      }
    }
  }

  private void note(HypervisorEvent event) {
    synchronized (heard) {
      heard.add(event);
      heard.notifyAll();
    }
  }
}
