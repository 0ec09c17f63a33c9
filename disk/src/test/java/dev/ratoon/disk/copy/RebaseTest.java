package dev.ratoon.disk.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.Contents;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.copy.MemoryChild.Fixed;
import dev.ratoon.disk.manifest.Manifests;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever the parents hold: the guest reads the same after as before. */
class RebaseTest {
  private static final Backing NEXT = new Backing(Path.of("/next.raw"), DiskFormat.RAW);
  private static final int CHUNK = 1 << 16;

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void theGuestReadsTheSameOnAnotherParent(int threads) {
    for (long seed = 0; seed < 40; seed++) {
      Random random = new Random(seed);
      Fixed present = parent(random);
      Fixed next = random.nextInt(3) == 0 ? parent(random) : changed(random, present);
      MemoryChild child = child(random, present);
      byte[] expected = child.on(present);

      LongAdder seen = new LongAdder();
      rebase(child, present, next, threads, seen::add);

      assertThat(Arrays.mismatch(child.on(next), expected)).as("seed %d", seed).isEqualTo(-1);
      assertThat(Arrays.mismatch(child.on(present), expected)).as("seed %d", seed).isEqualTo(-1);
      assertThat(child.done).containsExactly("flush", "relink /next.raw");
      assertThat(seen.sum()).isEqualTo(child.size());
    }
  }

  @Test
  void onlyWhatDiffersIsCopied() {
    byte[] content = Contents.mixed(1, 40 * CHUNK);
    Fixed present = new Fixed(content);
    byte[] other = content.clone();
    other[7 * CHUNK + 512] ^= 1;
    other[7 * CHUNK + 2047] ^= 1;
    other[20 * CHUNK] ^= 1;
    MemoryChild child = new MemoryChild(content.length, present, 512, false);
    child.write(20 * CHUNK, ByteBuffer.allocate(512));

    assertThat(rebase(child, present, new Fixed(other), 1, Progress.NONE)).isEqualTo(1024);
    assertThat(child.ownBytes()).isEqualTo(512 + 1024);
  }

  @Test
  void nothingIsCopiedWhereParentsDifferOnlyByZerosAtTheirEnd() {
    Fixed present = new Fixed(Contents.mixed(3, 3 * CHUNK + 1024));
    Fixed next = present.resized(9 * CHUNK);
    MemoryChild child = new MemoryChild(12 * CHUNK, present, 512, true);
    assertThat(rebase(child, present, next, 1, Progress.NONE)).isZero();
    assertThat(child.ownBytes()).isZero();
    assertThat(child.done).containsExactly("flush", "relink /next.raw");
  }

  @Test
  void zerosOfThePresentParentAreKeptThoughAFormatSparesThem() {
    Fixed present = new Fixed(new byte[4 * CHUNK]);
    byte[] noise = new byte[4 * CHUNK];
    Arrays.fill(noise, (byte) 1);
    MemoryChild child = new MemoryChild(4 * CHUNK, present, 512, true);
    rebase(child, present, new Fixed(noise), 2, Progress.NONE);
    assertThat(child.on(new Fixed(noise))).isEqualTo(new byte[4 * CHUNK]);
  }

  @Test
  void whoIsCutOffFindsTheDiskAsItWas() {
    Fixed present = new Fixed(Contents.mixed(8, 8 << 20));
    Fixed next = new Fixed(filled(8 << 20));
    for (int cut = 1; cut <= 8; cut++) {
      MemoryChild child = new MemoryChild(present.size(), present, 4096, true);
      child.write(3 << 20, ByteBuffer.allocate(5000));
      byte[] expected = child.on(present);
      int last = cut;
      AtomicInteger calls = new AtomicInteger();
      Progress cutting =
          _ -> {
            if (calls.incrementAndGet() >= last) {
              throw new CancellationException();
            }
          };
      assertThatThrownBy(() -> rebase(child, present, next, 2, cutting))
          .isInstanceOf(CancellationException.class);
      assertThat(Arrays.mismatch(child.on(present), expected)).isEqualTo(-1);
      assertThat(child.done).isEmpty();
      rebase(child, present, next, 2, Progress.NONE);
      assertThat(Arrays.mismatch(child.on(next), expected)).isEqualTo(-1);
    }
  }

  private static byte[] filled(int size) {
    byte[] noise = new byte[size];
    Arrays.fill(noise, (byte) 7);
    return noise;
  }

  private static long rebase(
      MemoryChild child, Fixed present, Fixed next, int threads, Progress progress) {
    return Rebase.copyDifferences(child, side(present), side(next), NEXT, threads, progress);
  }

  private static Rebase.Parent side(Fixed disk) {
    return new Rebase.Parent(disk, Manifests.of(disk, 1, Progress.NONE));
  }

  private static Fixed parent(Random random) {
    return new Fixed(Contents.mixed(random.nextLong(), 512 * (1 + random.nextInt(2000))));
  }

  /** The same with some bytes changed, some parts zero, and maybe another size. */
  private static Fixed changed(Random random, Fixed disk) {
    byte[] content = disk.content().clone();
    for (int i = random.nextInt(8); i > 0; i--) {
      content[random.nextInt(content.length)] ^= 1;
      int at = random.nextInt(content.length);
      Arrays.fill(
          content, at, at + random.nextInt(Math.min(70_000, content.length - at)), (byte) 0);
    }
    Fixed changed = new Fixed(content);
    return random.nextBoolean() ? changed : changed.resized(512 * (1 + random.nextInt(2000)));
  }

  private static MemoryChild child(Random random, Fixed parent) {
    int size = random.nextBoolean() ? (int) parent.size() : 512 * (1 + random.nextInt(2000));
    MemoryChild child =
        new MemoryChild(size, parent, 512 << random.nextInt(9), random.nextBoolean());
    for (int i = random.nextInt(6); i > 0; i--) {
      int at = random.nextInt(size);
      byte[] bytes = new byte[1 + random.nextInt(Math.min(size - at, 100_000))];
      random.nextBytes(bytes);
      child.write(at, ByteBuffer.wrap(bytes));
    }
    return child;
  }
}
