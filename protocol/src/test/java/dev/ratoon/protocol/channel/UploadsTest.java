package dev.ratoon.protocol.channel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class UploadsTest {
  private static final int PIECE = 64 << 10;
  private static final int PIECES_OF_A_TURN = 64;

  /** Takes as many pieces as it is told, and notes each. */
  private static Thread worker(
      Uploads uploads, String name, int pieces, List<String> order, AtomicInteger most) {
    return Thread.ofVirtual()
        .unstarted(() -> {
          Object who = new Object();
          try {
            for (int i = 0; i < pieces; i++) {
              uploads.take(who, PIECE, () -> false);
              most.accumulateAndGet(uploads.inTurn(), Math::max);
              order.add(name);
            }
            uploads.leave(who);
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
  }

  @Test
  void thoseWhoWaitComeOneAfterTheOtherAndAllGetTheirShare() throws Exception {
    Uploads uploads = new Uploads();
    uploads.change(2);
    List<String> order = Collections.synchronizedList(new ArrayList<>());
    AtomicInteger most = new AtomicInteger();
    List<Thread> workers = new ArrayList<>();
    for (String name : List.of("a", "b", "c", "d")) {
      workers.add(worker(uploads, name, 4 * PIECES_OF_A_TURN, order, most));
    }
    workers.forEach(Thread::start);
    for (Thread one : workers) {
      one.join();
    }
    assertThat(most.get()).isBetween(1, 2);
    assertThat(order).hasSize(16 * PIECES_OF_A_TURN);
    assertThat(uploads.inTurn()).isZero();
  }

  @Test
  void nobodyWaitsForMoreThanATurnOfEachOther() throws Exception {
    Uploads uploads = new Uploads();
    uploads.change(1);
    List<String> order = Collections.synchronizedList(new ArrayList<>());
    AtomicInteger most = new AtomicInteger();
    Object first = new Object();
    uploads.take(first, PIECE, () -> false);
    List<Thread> workers = new ArrayList<>();
    for (String name : List.of("a", "b", "c")) {
      workers.add(worker(uploads, name, 3 * PIECES_OF_A_TURN, order, most));
    }
    workers.forEach(Thread::start);
    Await.until(() -> uploads.inLine() == 3);
    uploads.leave(first);
    for (Thread one : workers) {
      one.join();
    }
    assertThat(most.get()).isEqualTo(1);
    for (String name : List.of("a", "b", "c")) {
      int last = -1;
      for (int i = 0; i < order.size(); i++) {
        if (order.get(i).equals(name)) {
          assertThat(i - last).isLessThanOrEqualTo(2 * PIECES_OF_A_TURN + 1);
          last = i;
        }
      }
    }
  }

  @Test
  void aNewCapHoldsForThoseWhoAreAtIt() throws Exception {
    Uploads uploads = new Uploads();
    Object a = new Object();
    Object b = new Object();
    uploads.take(a, PIECE, () -> false);
    assertThat(uploads.inTurn()).as("without a cap nobody is counted").isZero();
    uploads.change(2);
    uploads.take(a, PIECE, () -> false);
    uploads.take(b, PIECE, () -> false);
    assertThat(uploads.inTurn()).isEqualTo(2);
    uploads.change(1);
    AtomicBoolean abandoned = new AtomicBoolean();
    Thread waits =
        Thread.startVirtualThread(() -> {
          try {
            uploads.take(b, PIECE, abandoned::get);
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
    Await.until(() -> uploads.inLine() == 1);
    uploads.change(0);
    waits.join();
  }
}
