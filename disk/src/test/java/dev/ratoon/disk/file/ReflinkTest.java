package dev.ratoon.disk.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.ratoon.testkit.XfsFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Blocks are shared where the file system can, and nowhere is anything else changed. */
class ReflinkTest {
  private static final int BLOCK = Reflink.BLOCK_BYTES;

  @TempDir Path work;

  private static byte[] random(int blocks, int seed) {
    byte[] bytes = new byte[blocks * BLOCK];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  @Test
  void onXfsBlocksAreSharedAtAnyOffset() throws Exception {
    try (XfsFolder xfs = mounted()) {
      assertThat(Reflink.isPossible(xfs.path())).isTrue();
      byte[] from = random(1024, 1);
      byte[] to = random(1024, 2);
      Path origin = Files.write(xfs.path().resolve("origin"), from);
      Path target = Files.write(xfs.path().resolve("target"), to);
      boolean immutable = ImmutableFlag.set(origin);
      long before = xfs.takenBytes();

      try (Reflink reflink = new Reflink(target)) {
        assertThat(reflink.share(origin, 3L * BLOCK, 7L * BLOCK, 1000L * BLOCK)).isTrue();
        assertThat(reflink.share(origin, 1024L * BLOCK, 0, BLOCK)).as("behind its end").isFalse();
        assertThat(reflink.share(work.resolve("missing"), 0, 0, BLOCK)).isFalse();
      }

      System.arraycopy(from, 3 * BLOCK, to, 7 * BLOCK, 1000 * BLOCK);
      assertThat(Arrays.equals(Files.readAllBytes(target), to)).isTrue();
      assertThat(before - xfs.takenBytes()).isGreaterThan(900L * BLOCK);
      Files.write(target, new byte[to.length]);
      assertThat(Arrays.equals(Files.readAllBytes(origin), from)).isTrue();
      assertThat(immutable && !ImmutableFlag.clear(origin)).isFalse();
    }
  }

  private XfsFolder mounted() {
    try {
      return XfsFolder.mount(work);
    } catch (IOException e) {
      return abort("XFS cannot be mounted here: " + e.getMessage());
    }
  }

  @Test
  void whereItIsNotPossibleNothingIsChangedOrLeft() throws Exception {
    Path origin = Files.write(work.resolve("origin"), random(4, 1));
    byte[] content = random(4, 2);
    Path target = Files.write(work.resolve("target"), content);
    if (!Reflink.isPossible(work)) {
      try (Reflink reflink = new Reflink(target)) {
        assertThat(reflink.share(origin, 0, 0, BLOCK)).isFalse();
      }
      assertThat(Files.readAllBytes(target)).isEqualTo(content);
    }
    try (var files = Files.list(work)) {
      assertThat(files).containsExactlyInAnyOrder(origin, target);
    }
    assertThat(Reflink.isPossible(Path.of("/proc"))).isFalse();
    try (Reflink nowhere = new Reflink(work.resolve("missing"))) {
      assertThat(nowhere.share(origin, 0, 0, BLOCK)).isFalse();
    }
  }
}
