package dev.ratoon.protocol.channel;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class OutboxTest {
  private static final long INTERVAL = Duration.ofMillis(50).toNanos();
  private static final Frame SMALL = new Frame.Cancel(1);

  private final Outbox outbox = new Outbox(INTERVAL);
  private final AtomicInteger thrownAway = new AtomicInteger();

  /** Takes on a thread of its own, which is waiting when this returns, or has taken. */
  private FutureTask<List<Outbox.Parcel>> taker() throws InterruptedException {
    FutureTask<List<Outbox.Parcel>> taking = new FutureTask<>(outbox::take);
    Thread thread = Thread.ofPlatform().daemon().start(taking);
    Await.until(
        Duration.ofSeconds(20),
        () -> taking.isDone() || thread.getState() != Thread.State.RUNNABLE);
    return taking;
  }

  private List<Outbox.Parcel> taken(FutureTask<List<Outbox.Parcel>> taker) throws Exception {
    return taker.get(20, TimeUnit.SECONDS);
  }

  @Test
  void newsIsToldAtOnceAndThenTogether() throws Exception {
    outbox.news();
    assertThat(taken(taker())).isEmpty();
    long told = System.nanoTime();
    boolean first = outbox.newsIsDue();
    outbox.sent();
    assertThat(first).isTrue();

    outbox.news();
    outbox.news();
    assertThat(taken(taker())).isEmpty();
    assertThat(System.nanoTime() - told).isGreaterThanOrEqualTo(INTERVAL);
    assertThat(outbox.newsIsDue()).isTrue();
    assertThat(outbox.newsIsDue()).isFalse();
  }

  @Test
  void whatIsNotNewsDoesNotWaitForIt() throws Exception {
    Outbox outbox = new Outbox(TimeUnit.HOURS.toNanos(1));
    outbox.news();
    assertThat(outbox.take()).isEmpty();
    assertThat(outbox.newsIsDue()).isTrue();
    outbox.sent();
    outbox.news();
    outbox.small(SMALL);

    assertThat(outbox.take()).hasSize(1);
    assertThat(outbox.newsIsDue()).isFalse();
  }

  @Test
  void whoSendsByItselfKeepsOthersFromIt() throws Exception {
    assertThat(outbox.tryToSend()).isTrue();
    assertThat(outbox.tryToSend()).isFalse();
    outbox.small(SMALL);
    FutureTask<List<Outbox.Parcel>> taker = taker();
    assertThat(taker).isNotDone();

    outbox.sent();
    assertThat(taken(taker)).hasSize(1);
    assertThat(outbox.tryToSend()).isFalse();
    outbox.sent();
    assertThat(outbox.tryToSend()).isTrue();
  }

  @Test
  void newsThatComesWhileSomebodySendsByItselfIsTold() throws Exception {
    assertThat(outbox.tryToSend()).isTrue();
    FutureTask<List<Outbox.Parcel>> taker = taker();
    outbox.news();

    outbox.sent();
    assertThat(taken(taker)).isEmpty();
    assertThat(outbox.newsIsDue()).isTrue();
  }

  @Test
  void nobodyPassesWhatWaits() throws Exception {
    outbox.bulk(ByteBuffer.allocate(1), thrownAway::incrementAndGet);
    assertThat(outbox.tryToSend()).isFalse();

    outbox.end();
    assertThat(thrownAway).hasValue(1);
    assertThat(outbox.tryToSend()).isFalse();
    assertThat(outbox.isOver()).isTrue();
  }
}
