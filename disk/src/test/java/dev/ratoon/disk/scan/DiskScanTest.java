package dev.ratoon.disk.scan;

import static dev.ratoon.disk.DiskAssert.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.disk.Extent.Kind;
import dev.ratoon.disk.LayerDisk;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.SectorLayer;
import dev.ratoon.disk.scan.DiskScan.Visitor;
import dev.ratoon.model.ErrorCode;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** All that is stored is shown, once, in pieces of whole grains; and nothing else is read. */
@Timeout(20)
class DiskScanTest {
  private static final int SECTOR = Limits.SECTOR_BYTES;

  @ParameterizedTest
  @ValueSource(ints = {1 << 16, 1 << 18, 1 << 20})
  void whatIsStoredIsShownOnceInWholeGrains(int grain) {
    for (int seed = 0; seed < 30; seed++) {
      Random random = new Random(seed);
      SectorLayer layer = SectorLayer.random(random, SECTOR * (1 + random.nextInt(9000)));
      int size = layer.content.length;
      BitSet shown = new BitSet();
      AtomicLong heard = new AtomicLong();
      Visitor visitor =
          (offset, content) -> {
            int length = content.remaining();
            assertThat(offset % grain).isZero();
            assertThat(length % grain == 0 || offset + length == size).isTrue();
            assertThat(length).isPositive().isLessThanOrEqualTo(DiskScan.MAX_PIECE_BYTES);
            assertThat(offset / DiskScan.MAX_PIECE_BYTES)
                .isEqualTo((offset + length - 1) / DiskScan.MAX_PIECE_BYTES);
            byte[] bytes = new byte[length];
            content.get(bytes);
            int at = (int) offset;
            assertThat(Arrays.equals(layer.content, at, at + length, bytes, 0, length)).isTrue();
            assertThat(shown.get(at, at + length).isEmpty()).as("shown twice").isTrue();
            shown.set(at, at + length);
          };
      DiskScan.run(new LayerDisk(layer), 1, grain, heard::addAndGet, () -> visitor);
      assertThat(heard).hasValue(size);
      for (int at = 0; at < size; at += grain) {
        Set<Kind> kinds = kinds(layer, at, Math.min(size, at + grain));
        assertThat(shown.get(at))
            .as("grain at %d of seed %d, %s", at, seed, kinds)
            .isIn(kinds.contains(Kind.DATA), kinds.contains(Kind.DATA) || kinds.size() > 1);
      }
    }
  }

  /** What a grain is made of: if that is more than one thing, it may be shown without need. */
  private static Set<Kind> kinds(SectorLayer layer, int from, int to) {
    return Set.copyOf(Arrays.asList(layer.kinds).subList(from / SECTOR, to / SECTOR));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, 65})
  void thereAreNotAnyNumberOfThreads(int threads) {
    assertRefused(ErrorCode.INVALID_VALUE, () -> run(stored(1), threads, (_, _) -> {}));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 64})
  void eachThreadHasAVisitorOfItsOwn(int threads) {
    AtomicInteger made = new AtomicInteger();
    AtomicLong seen = new AtomicLong();
    DiskScan.run(
        stored(8 << 20),
        threads,
        1 << 16,
        Progress.NONE,
        () -> {
          made.incrementAndGet();
          return (_, content) -> seen.addAndGet(content.remaining());
        });
    assertThat(made).hasValue(threads);
    assertThat(seen).hasValue(8 << 20);
  }

  @Test
  void threadsWorkAtTheSameTime() {
    CountDownLatch both = new CountDownLatch(2);
    run(
        stored(2 << 20),
        2,
        (_, _) -> {
          both.countDown();
          await(both);
        });
    assertThat(both.getCount()).isZero();
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void whatAVisitorThrowsEndsTheWork(int threads) {
    AtomicInteger visits = new AtomicInteger();
    for (Throwable thrown :
        new Throwable[] {new IllegalStateException("one"), new AssertionError("two")}) {
      visits.set(0);
      assertThatThrownBy(() ->
              run(
                  stored(64 << 20),
                  threads,
                  (_, _) -> {
                    visits.incrementAndGet();
                    throwIt(thrown);
                  }))
          .isSameAs(thrown);
      assertThat(visits.get()).isLessThanOrEqualTo(threads);
    }
  }

  private static void throwIt(Throwable thrown) {
    switch (thrown) {
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new AssertionError(thrown);
    }
  }

  @Test
  void whoHasEnoughSeesNoMore() {
    AtomicInteger visits = new AtomicInteger();
    run(
        stored(8 << 20),
        1,
        new Visitor() {
          @Override
          public void visit(long offset, ByteBuffer content) {
            visits.incrementAndGet();
          }

          @Override
          public boolean enough() {
            return visits.get() == 3;
          }
        });
    assertThat(visits).hasValue(3);
  }

  @Test
  void whoIsInterruptedWhileOthersWorkSaysSoWhenTheyAreDone() {
    Thread caller = Thread.currentThread();
    CountDownLatch otherIsThere = new CountDownLatch(1);
    CountDownLatch callerIsDone = new CountDownLatch(1);
    AtomicInteger visits = new AtomicInteger();
    try {
      assertRefused(
          ErrorCode.INTERRUPTED,
          () ->
              run(
                  stored(2 << 20),
                  2,
                  (_, _) -> {
                    visits.incrementAndGet();
                    if (Thread.currentThread() == caller) {
                      await(otherIsThere);
                      callerIsDone.countDown();
                    } else {
                      otherIsThere.countDown();
                      await(callerIsDone);
                      caller.interrupt();
                      // It waits for us: as soon as it has noticed, the mark is gone.
                      while (caller.isInterrupted()) {
                        Thread.onSpinWait();
                      }
                    }
                  }));
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
    assertThat(visits).hasValue(2);
  }

  private static LayerDisk stored(int size) {
    SectorLayer layer = new SectorLayer(Math.max(size, SECTOR));
    layer.store(0, new byte[layer.content.length]);
    return new LayerDisk(layer);
  }

  private static void run(LayerDisk disk, int threads, Visitor visitor) {
    DiskScan.run(disk, threads, 1 << 16, Progress.NONE, () -> visitor);
  }
}
