package dev.ratoon.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.server.store.GroupCommit.Outcome;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Changes that come together. */
final class GroupCommitTest {
  private final List<List<Integer>> batches = Collections.synchronizedList(new ArrayList<>());

  private List<Outcome<Integer>> doubled(List<Integer> numbers) {
    batches.add(List.copyOf(numbers));
    return numbers.stream()
        .<Outcome<Integer>>map(number ->
            number < 0
                ? new Outcome.Refused<>(new IllegalArgumentException("negative"))
                : new Outcome.Done<>(2 * number))
        .toList();
  }

  @Test
  void whatComesWhileOneIsUnderWayIsOneTransaction() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    AtomicInteger entered = new AtomicInteger();
    GroupCommit<Integer, Integer> commits =
        new GroupCommit<>(
            1,
            100,
            100,
            numbers -> {
              if (entered.getAndIncrement() == 0) {
                begun.countDown();
                await(go);
              }
              return doubled(numbers);
            });
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Integer> first = threads.submit(() -> commits.submit(0));
      begun.await();
      List<Future<Integer>> others = new ArrayList<>();
      for (int i = 1; i <= 10; i++) {
        int number = i;
        others.add(threads.submit(() -> commits.submit(number)));
      }
      while (commits.waiting() < 10) {
        Thread.onSpinWait();
      }
      go.countDown();

      assertThat(first.get()).isZero();
      for (int i = 1; i <= 10; i++) {
        assertThat(others.get(i - 1).get()).isEqualTo(2 * i);
      }
    }
    assertThat(batches).hasSize(2);
    assertThat(batches.get(1)).hasSize(10);
  }

  @Test
  void eachHasItsOwnEnd() {
    GroupCommit<Integer, Integer> commits = new GroupCommit<>(1, 10, 10, this::doubled);

    assertThat(commits.submit(4)).isEqualTo(8);
    assertThatThrownBy(() -> commits.submit(-1)).hasMessage("negative");
    assertThat(commits.submit(5)).isEqualTo(10);
  }

  @Test
  void whatFailsAsAWholeFailsForAllAndTheNextIsDone() {
    AtomicInteger calls = new AtomicInteger();
    GroupCommit<Integer, Integer> commits =
        new GroupCommit<>(
            1,
            10,
            10,
            numbers -> {
              if (calls.getAndIncrement() == 0) {
                throw new IllegalStateException("the database is away");
              }
              return doubled(numbers);
            });

    assertThatThrownBy(() -> commits.submit(1)).hasMessage("the database is away");
    assertThat(commits.submit(1)).isEqualTo(2);
  }

  @Test
  void manyThreadsAllGetTheirOwn() throws Exception {
    GroupCommit<Integer, Integer> commits = new GroupCommit<>(2, 16, 10_000, this::doubled);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Integer>> all = new ArrayList<>();
      for (int i = 0; i < 5000; i++) {
        int number = i;
        all.add(threads.submit(() -> commits.submit(number)));
      }
      for (int i = 0; i < all.size(); i++) {
        assertThat(all.get(i).get()).isEqualTo(2 * i);
      }
    }
    assertThat(batches).allMatch(batch -> batch.size() <= 16);
    assertThat(batches.stream().mapToInt(List::size).sum()).isEqualTo(5000);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException stopped) {
      throw new IllegalStateException(stopped);
    }
  }
}
