package dev.ratoon.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A set of chunks is what a set of numbers is. */
class ChunkSetTest {
  private static final int CHUNK = Limits.CHUNK_BYTES;

  @Test
  void itHasWhatWasAdded() {
    Random random = new Random(1);
    for (int round = 0; round < 300; round++) {
      int chunks = 1 + random.nextInt(round % 3 == 0 ? 200_000 : 300);
      long size = (long) chunks * CHUNK - random.nextInt(128) * 512L;
      ChunkSet set = new ChunkSet(size);
      BitSet model = new BitSet();
      for (int i = random.nextInt(20); i > 0; i--) {
        long offset = random.nextLong(size);
        long length =
            Math.min(size - offset, 1 + random.nextLong(random.nextBoolean() ? 300_000 : size));
        set.addRange(offset, length);
        model.set((int) (offset / CHUNK), (int) ((offset + length - 1) / CHUNK) + 1);
      }
      assertEqual(set, model, chunks);
    }
  }

  private static void assertEqual(ChunkSet set, BitSet model, int chunks) {
    assertThat(set.chunks()).isEqualTo(chunks);
    assertThat(set.count()).isEqualTo(model.cardinality());
    assertThat(set.isEmpty()).isEqualTo(model.isEmpty());
    // Wherever something begins or ends, and one chunk on: all of a large disk would take long.
    long at = 0;
    while (at < chunks) {
      int next = model.nextSetBit((int) at);
      long absent = Math.min(chunks, model.nextClearBit((int) at));
      assertThat(set.next(at)).isEqualTo(next < 0 ? chunks : next);
      assertThat(set.nextAbsent(at)).isEqualTo(absent);
      assertThat(set.contains(at)).isEqualTo(model.get((int) at));
      long border = model.get((int) at) ? absent : next < 0 ? chunks : next;
      at = border > at + 2 ? border - 1 : at + 1;
    }
    assertThat(set.next(chunks)).isEqualTo(chunks);
  }

  @Test
  void nothingIsAddedByAnEmptyRange() {
    ChunkSet set = new ChunkSet(CHUNK);
    set.addRange(5, 0);
    set.addRange(CHUNK, 0);
    assertThat(set.isEmpty()).isTrue();
  }

  @Test
  void theLargestDiskFits() {
    ChunkSet set = new ChunkSet(Limits.MAX_DISK_BYTES);
    long last = Limits.MAX_DISK_BYTES / CHUNK - 1;
    set.addRange(Limits.MAX_DISK_BYTES - 1, 1);
    assertThat(set.next(0)).isEqualTo(last);
    assertThat(set.contains(last)).isTrue();
    assertThat(set.contains(last - 1)).isFalse();
    assertThat(set.nextAbsent(last)).isEqualTo(last + 1);
    assertThat(set.count()).isEqualTo(1);
  }

  @Test
  void whatIsNotOfTheDiskIsRefused() {
    assertThatThrownBy(() -> new ChunkSet(0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new ChunkSet(Limits.MAX_DISK_BYTES + 1))
        .isInstanceOf(IllegalArgumentException.class);
    ChunkSet set = new ChunkSet(CHUNK + 1);
    assertThatThrownBy(() -> set.addRange(CHUNK, CHUNK + 1))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> set.addRange(-CHUNK, 1)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> set.contains(2)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThat(set.isEmpty()).isTrue();
  }

  @Test
  void threadsDoNotTakeEachOthersAway() throws Exception {
    int chunks = 200_000;
    ChunkSet set = new ChunkSet((long) chunks * CHUNK);
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      int first = t;
      threads.add(
          Thread.ofPlatform()
              .start(() -> {
                for (long chunk = first; chunk < chunks; chunk += 4) {
                  set.addRange(chunk * CHUNK, 1);
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(set.count()).isEqualTo(chunks);
    assertThat(set.nextAbsent(0)).isEqualTo(chunks);
  }
}
