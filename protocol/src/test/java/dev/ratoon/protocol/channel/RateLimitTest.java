package dev.ratoon.protocol.channel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import org.junit.jupiter.api.Test;

class RateLimitTest {
  private static final long SECOND = 1_000_000_000L;
  private static final int CHUNK = Limits.PIECE_BYTES;

  @Test
  void letsThroughWhatIsAllowedInTheTime() throws InterruptedException {
    FakeTicks ticks = new FakeTicks();
    RateLimit limit = RateLimit.of(10L * CHUNK, ticks);
    for (int i = 0; i < 100; i++) {
      limit.take(CHUNK, Priority.DEPLOY, () -> false);
    }
    // The first two come out of the full bucket and by overdrawing it.
    assertThat(ticks.now.get()).isBetween(97 * SECOND / 10, 99 * SECOND / 10);
  }

  @Test
  void whatWasNotUsedIsKeptForAnEighthOfASecondAlone() throws InterruptedException {
    FakeTicks ticks = new FakeTicks();
    RateLimit limit = RateLimit.of(80L * CHUNK, ticks);
    ticks.now.addAndGet(1000 * SECOND);
    long before = ticks.now.get();
    for (int i = 0; i < 10; i++) {
      limit.take(CHUNK, Priority.DEPLOY, () -> false);
    }
    assertThat(ticks.now.get()).isEqualTo(before);
    for (int i = 0; i < 80; i++) {
      limit.take(CHUNK, Priority.DEPLOY, () -> false);
    }
    assertThat(ticks.now.get() - before).isBetween(98 * SECOND / 100, 102 * SECOND / 100);
  }

  @Test
  void canBeChangedAndLifted() throws InterruptedException {
    FakeTicks ticks = new FakeTicks();
    RateLimit limit = RateLimit.of(1, ticks);
    assertThat(limit.nanosPerByte()).isEqualTo((double) SECOND / CHUNK);
    limit.change(100L * CHUNK);
    assertThat(limit.nanosPerByte()).isEqualTo((double) SECOND / CHUNK / 100);
    limit.lift();
    for (int i = 0; i < 1000; i++) {
      limit.take(CHUNK, Priority.DEPLOY, () -> false);
    }
    assertThat(ticks.now.get()).isZero();
  }

  @Test
  void whoGivesUpWaitsNoLonger() throws InterruptedException {
    FakeTicks ticks = new FakeTicks();
    RateLimit limit = RateLimit.of(CHUNK, ticks);
    limit.take(1000L * CHUNK, Priority.DEPLOY, () -> false);
    AtomicBoolean abandoned = new AtomicBoolean();
    ticks.whileWaiting = () -> abandoned.set(true);
    limit.take(CHUNK, Priority.DEPLOY, abandoned::get);
    assertThat(ticks.now.get()).isLessThan(SECOND);
  }

  @Test
  void higherClassesGoFirstWithoutStarvingOthers() throws InterruptedException {
    HeldTicks ticks = new HeldTicks();
    RateLimit limit = RateLimit.of(CHUNK, ticks);
    limit.take(CHUNK, Priority.DEPLOY, () -> false);
    List<Priority> order = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (Priority priority : List.of(Priority.PRECACHE, Priority.DEPLOY)) {
      threads.add(
          Thread.ofPlatform()
              .start(() -> {
                for (int i = 0; i < 20; i++) {
                  try {
                    limit.take(CHUNK, priority, () -> false);
                  } catch (InterruptedException impossible) {
                    throw new IllegalStateException(impossible);
                  }
                  synchronized (order) {
                    order.add(priority);
                  }
                }
              }));
    }
    for (int taken = 0; taken < 30; taken++) {
      // Both wait, or the deploys are all done; only then time goes on.
      int so = taken;
      Await.until(() -> {
        synchronized (order) {
          long deploys = order.stream().filter(p -> p == Priority.DEPLOY).count();
          return order.size() == so && ticks.waiting.get() >= (deploys == 20 ? 1 : 2);
        }
      });
      ticks.pass(SECOND);
    }
    for (Thread thread : threads) {
      while (thread.isAlive()) {
        ticks.pass(SECOND);
        thread.join(1);
      }
    }
    synchronized (order) {
      assertThat(order.subList(0, 8)).containsOnlyOnce(Priority.PRECACHE);
      assertThat(order.subList(0, 22).stream().filter(p -> p == Priority.DEPLOY).count())
          .isBetween(18L, 20L);
    }
  }

  /** Time passes when somebody waits. */
  private static final class FakeTicks implements Ticks {
    final AtomicLong now = new AtomicLong();
    Runnable whileWaiting = () -> {};

    @Override
    public long nanoTime() {
      return now.get();
    }

    @Override
    public void await(Condition condition, long nanos) {
      whileWaiting.run();
      now.addAndGet(nanos);
    }
  }

  /** Time passes when the test says so. */
  private static final class HeldTicks implements Ticks {
    private final AtomicLong now = new AtomicLong();
    final AtomicLong waiting = new AtomicLong();

    void pass(long nanos) {
      now.addAndGet(nanos);
    }

    @Override
    public long nanoTime() {
      return now.get();
    }

    @Override
    @SuppressWarnings("WaitNotInLoop") // whoever calls loops
    public void await(Condition condition, long nanos) throws InterruptedException {
      waiting.incrementAndGet();
      try {
        long _ = condition.awaitNanos(1_000_000);
      } finally {
        waiting.decrementAndGet();
      }
    }
  }
}
