package dev.ratoon.agent.move;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.agent.bases.FleetIdentity;
import dev.ratoon.agent.bases.MoveRoad;
import dev.ratoon.agent.hypervisor.LiveMigration.Sockets;
import dev.ratoon.model.CloudInit;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.DesiredMove;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.MoveReport;
import dev.ratoon.protocol.agent.MoveState;
import dev.ratoon.protocol.agent.MoveTask;
import dev.ratoon.protocol.channel.MoveDoor;
import dev.ratoon.protocol.channel.MoveLink;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a host says of its part of a migration: "failed" only when it knows what that means. */
@Timeout(30)
class MoveKeeperTest {
  private static final VmId ID = new VmId(new UUID(1, 2));
  private final List<MoveState> said = new CopyOnWriteArrayList<>();
  private Optional<MoveKeeper> keeper = Optional.empty();

  @AfterEach
  void close() {
    keeper.ifPresent(MoveKeeper::close);
  }

  @Test
  void whatFailsBecauseTheAgentEndsHasNotFailed() throws InterruptedException {
    CountDownLatch began = new CountDownLatch(1);
    CountDownLatch ended = new CountDownLatch(1);
    begin(
        MoveTask.GIVE,
        new FakeVms() {
          @Override
          public List<Given> leave(DesiredVm vm) {
            began.countDown();
            try {
              TimeUnit.HOURS.sleep(1);
              return List.of();
            } catch (InterruptedException stopped) {
              Thread.currentThread().interrupt();
              throw problem(ErrorCode.INTERRUPTED);
            } finally {
              ended.countDown();
            }
          }
        });
    began.await();

    keeper.orElseThrow().close();

    ended.await();
    keeper.orElseThrow().worker().orElseThrow().join();
    assertThat(said).containsOnly(MoveState.WORKING);
  }

  @Test
  void whatIsLeftIsRemovedWhateverStandsInTheWayAtFirst() {
    AtomicInteger tries = new AtomicInteger();
    begin(
        MoveTask.DISCARD,
        new FakeVms() {
          @Override
          public void discard(VmId vm, long epoch) {
            if (tries.incrementAndGet() < 3) {
              throw problem(ErrorCode.WRONG_STATE);
            }
          }
        });

    awaitSaid(MoveState.DONE);

    assertThat(said).doesNotContain(MoveState.FAILED);
  }

  @Test
  void aGuestThatIsHereHasNotBeenSent() {
    begin(
        MoveTask.SEND,
        new FakeVms() {
          @Override
          public boolean runs(VmId vm) {
            return true;
          }

          @Override
          public Sockets sending(DesiredVm vm) {
            throw problem(ErrorCode.WRONG_STATE);
          }
        });

    awaitSaid(MoveState.FAILED);
  }

  @Test
  void whileNobodyKnowsWhereAGuestIsItHasNotFailed() throws InterruptedException {
    CountDownLatch asked = new CountDownLatch(2);
    AtomicInteger looks = new AtomicInteger();
    begin(
        MoveTask.SEND,
        new FakeVms() {
          @Override
          public boolean runs(VmId vm) {
            int look = looks.incrementAndGet();
            if (look == 2) {
              throw problem(ErrorCode.HYPERVISOR_UNAVAILABLE);
            }
            return look == 1;
          }

          @Override
          public Sockets sending(DesiredVm vm) {
            throw problem(ErrorCode.HYPERVISOR_REFUSED);
          }
        },
        asked);

    asked.await();
    keeper.orElseThrow().close();
    keeper.orElseThrow().worker().orElseThrow().join();

    assertThat(looks.get()).isGreaterThanOrEqualTo(3);
    assertThat(said).containsOnly(MoveState.WORKING);
  }

  private void begin(MoveTask task, MovingVms vms) {
    begin(task, vms, new CountDownLatch(0));
  }

  private void begin(MoveTask task, MovingVms vms, CountDownLatch asked) {
    MoveRoad road =
        new MoveRoad() {
          @Override
          public FleetIdentity identity() {
            throw new UnsupportedOperationException();
          }

          @Override
          public MoveLink to(DesiredMove move) {
            asked.countDown();
            throw problem(ErrorCode.PEER_UNREACHABLE);
          }

          @Override
          public void admit(MoveDoor door) {}
        };
    FakeLive live = new FakeLive();
    MoveWork work =
        new MoveWork(
            vms, Optional.of(road), Optional.of(live), Optional.of(new LiveReceiving(vms, live)));
    MoveKeeper made = new MoveKeeper(work, InstantSource.system(), this::changed);
    keeper = Optional.of(made);
    made.want(
        new DesiredMove(
            vm(), task, new HostId(new UUID(3, 4)), Optional.empty(), "grant", Optional.of(true)));
  }

  private void changed() {
    synchronized (said) {
      keeper.flatMap(MoveKeeper::report).map(MoveReport::state).ifPresent(said::add);
      said.notifyAll();
    }
  }

  private void awaitSaid(MoveState state) {
    synchronized (said) {
      while (!said.contains(state)) {
        try {
          said.wait();
        } catch (InterruptedException stopped) {
          throw new AssertionError("never said " + state + ", but " + said, stopped);
        }
      }
    }
  }

  private static RatoonException problem(ErrorCode code) {
    return Problem.of(code, "trying").asException();
  }

  private static DesiredVm vm() {
    return new DesiredVm(
        ID,
        "default",
        new EntityName("web"),
        2,
        DesiredPower.RUNNING,
        1,
        1,
        1,
        1 << 28,
        Firmware.BIOS,
        RestartPolicy.NEVER,
        List.of(),
        List.of(),
        CloudInit.NONE);
  }
}
