package dev.ratoon.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import dev.ratoon.server.TestDatabase;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a server may write that was paused past its lease: nothing, whenever it was paused. */
final class LeaseTest {
  private static final Duration OVER = Duration.ofSeconds(-1);
  private static final Duration LONG = Duration.ofMinutes(1);

  private Database paused;
  private Database other;
  private Lease lease;

  @BeforeEach
  void open() {
    DatabaseAddress address = TestDatabase.shared();
    paused = Database.open(address);
    other = Database.open(address);
    lease = paused.writeFreely(tx -> tx.servers().begin("paused", "", LONG));
    paused.writeUnder(lease, () -> {});
    Lease second = other.writeFreely(tx -> tx.servers().begin("other", "", LONG));
    other.writeUnder(second, () -> {});
    assertThat(second.number()).isGreaterThan(lease.number());
  }

  @AfterEach
  void close() {
    paused.close();
    other.close();
  }

  private void passLease() {
    assertThat(other.<Boolean>writeFreely(tx -> tx.servers().renew(lease, OVER))).isTrue();
  }

  private boolean end() {
    return other.<Boolean>write(tx -> tx.servers().endSilent(tx.servers().silent().getFirst()));
  }

  private void assertRefused() {
    assertThatThrownBy(() -> paused.change(tx -> tx.fleet().addTenant("late", Instant.EPOCH)))
        .isInstanceOfSatisfying(
            RatoonException.class,
            refused ->
                assertThat(refused.problem().code()).isEqualTo(ErrorCode.SERVER_UNREACHABLE));
  }

  @Test
  void nothingIsWrittenUnderALeaseThatIsOver() {
    passLease();
    assertRefused();
    assertThat(paused.<Boolean>writeFreely(tx -> tx.servers().renew(lease, LONG))).isTrue();
    paused.change(tx -> tx.fleet().addTenant("in time", Instant.EPOCH));
  }

  @Test
  void aLeaseThatWasEndedIsNotRenewed() {
    passLease();
    assertThat(end()).isTrue();
    assertRefused();
    assertThat(paused.<Boolean>writeFreely(tx -> tx.servers().renew(lease, LONG))).isFalse();
    assertRefused();
  }

  @Test
  void nothingIsToldUnderALeaseThatWasEnded() {
    paused.read(LeaseTest::tell);
    passLease();
    paused.read(LeaseTest::tell);
    assertThat(end()).isTrue();
    assertThatThrownBy(() -> paused.read(LeaseTest::tell))
        .isInstanceOfSatisfying(
            RatoonException.class,
            refused ->
                assertThat(refused.problem().code()).isEqualTo(ErrorCode.SERVER_UNREACHABLE));
  }

  private static boolean tell(Transaction tx) {
    tx.servers().requireNotEnded("paused", "telling a host what it shall be");
    return true;
  }

  @Test
  void whoEndsALeaseWaitsForWhatWasBegunUnderIt() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch resumed = new CountDownLatch(1);
    Thread writing =
        Thread.startVirtualThread(() ->
            paused.change(tx -> {
              tx.fleet().addTenant("begun", Instant.EPOCH);
              begun.countDown();
              try {
                resumed.await();
              } catch (InterruptedException stopped) {
                throw new IllegalStateException(stopped);
              }
            }));
    begun.await();
    passLease();
    CompletableFuture<Boolean> ended = CompletableFuture.supplyAsync(this::end);

    assertThat(ended).isNotDone();
    resumed.countDown();

    writing.join();
    assertThat(ended.join()).isTrue();
    assertRefused();
  }
}
