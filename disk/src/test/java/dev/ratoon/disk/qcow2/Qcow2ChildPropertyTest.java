package dev.ratoon.disk.qcow2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.Contents;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskAssert;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Qemu;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever the layout and whatever a guest writes: QEMU and we read the same from our children. */
class Qcow2ChildPropertyTest {

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void aChildThatAGuestWroteToReadsAsItShould(long seed) throws Exception {
    Random random = new Random(seed);
    CreateOptions.Qcow2 options = options(random);
    int size = (1 + random.nextInt(9000)) * 512;
    Path folder = Files.createTempDirectory("child");
    try {
      byte[] base = Contents.mixed(seed, 4 << 20);
      Path parent = Contents.raw(folder.resolve("base.raw"), base);
      Path child = folder.resolve("child.qcow2");
      Qcow2Child.create(
          child,
          size,
          Optional.of(new Backing(parent, DiskFormat.RAW)),
          options,
          Durability.BUFFERED);
      Qemu.img("check", "-f", "qcow2", child);

      byte[] expected = Arrays.copyOf(base, size);
      Qemu.io(child, writes(expected, random));

      Qemu.img("check", "-f", "qcow2", child);
      try (VirtualDisk disk = VirtualDisks.open(child, OpenRules.chain(2))) {
        DiskAssert.assertHolds(disk, expected);
      }
    } finally {
      delete(folder);
    }
  }

  @Test
  void aLayoutCountsEveryClusterItHas() {
    Random random = new Random(1);
    for (int round = 0; round < 300; round++) {
      CreateOptions.Qcow2 options = options(random);
      Qcow2Layout layout = Qcow2Layout.of(random.nextLong(1L << 31) * 1024 + 1024, options);
      long cluster = options.clusterBytes();
      assertThat(layout.blockClusters() * cluster / 2).isGreaterThanOrEqualTo(layout.clusters());
      assertThat(layout.tableClusters() * cluster / 8)
          .isGreaterThanOrEqualTo(layout.blockClusters());
      assertThat(layout.l1Clusters() * cluster / 8).isGreaterThanOrEqualTo(layout.l1Entries());
    }
  }

  private static CreateOptions.Qcow2 options(Random random) {
    boolean extended = random.nextBoolean();
    int bits = random.nextInt(extended ? 14 : 9, 22);
    return new CreateOptions.Qcow2(1 << bits, extended, false);
  }

  /** Some writes of a guest, as commands, done to {@code disk} too. */
  private static String[] writes(byte[] disk, Random random) {
    List<String> commands = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      int at = random.nextInt(disk.length / 512) * 512;
      int length = Math.min(disk.length - at, (1 + random.nextInt(400)) * 512);
      int value = random.nextInt(256);
      boolean zero = random.nextInt(3) == 0;
      Arrays.fill(disk, at, at + length, (byte) (zero ? 0 : value));
      commands.add("write " + (zero ? "-z " : "-P " + value + " ") + at + " " + length);
    }
    return commands.toArray(String[]::new);
  }

  private static void delete(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }
}
