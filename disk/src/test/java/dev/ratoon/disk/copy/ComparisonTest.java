package dev.ratoon.disk.copy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Contents;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ComparisonTest {
  @TempDir Path folder;

  @Test
  void equalDisksAreEqualWhateverIsStored() throws Exception {
    byte[] content = Contents.mixed(31, Contents.SIZE);
    Path sparse = Contents.raw(folder.resolve("sparse.raw"), content);
    Path full = Files.write(folder.resolve("full.raw"), content);
    AtomicLong progress = new AtomicLong();

    assertThat(compare(sparse, full, progress)).isEmpty();
    assertThat(progress).hasValue(content.length);
    assertThat(compare(full, sparse, progress)).isEmpty();
  }

  @Test
  void theFirstOfManyDifferencesIsFound() throws Exception {
    byte[] content = Contents.mixed(32, Contents.SIZE);
    Path one = Contents.raw(folder.resolve("one.raw"), content);
    Random random = new Random(33);
    for (int round = 0; round < 20; round++) {
      byte[] changed = content.clone();
      for (int i = 0; i <= round % 5; i++) {
        changed[random.nextInt(changed.length)] ^= 1;
      }
      Path other = Contents.raw(folder.resolve("other" + round + ".raw"), changed);
      assertThat(compare(one, other, new AtomicLong())).hasValue(Arrays.mismatch(content, changed));
      Files.delete(other);
    }
  }

  @Test
  void aShorterDiskGoesOnWithZeros() throws Exception {
    byte[] content = Contents.mixed(34, 3 << 20);
    Path shorter = Contents.raw(folder.resolve("shorter.raw"), content);
    byte[] longer = Arrays.copyOf(content, 5 << 20);
    Path padded = Contents.raw(folder.resolve("padded.raw"), longer);
    assertThat(compare(shorter, padded, new AtomicLong())).isEmpty();

    longer[(4 << 20) + 17] = 1;
    Path other = Contents.raw(folder.resolve("other.raw"), longer);
    assertThat(compare(shorter, other, new AtomicLong())).hasValue((4 << 20) + 17);
    assertThat(compare(other, shorter, new AtomicLong())).hasValue((4 << 20) + 17);
  }

  private static OptionalLong compare(Path one, Path other, AtomicLong progress) {
    progress.set(0);
    try (VirtualDisk a = VirtualDisks.open(one, DiskFormat.RAW, OpenRules.chain(1));
        VirtualDisk b = VirtualDisks.open(other, DiskFormat.RAW, OpenRules.chain(1))) {
      return Comparison.firstDifference(a, b, 2, progress::addAndGet);
    }
  }
}
