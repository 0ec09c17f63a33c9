package dev.ratoon.disk.qcow2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.Contents;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskAssert;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.InMemory;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Scribble;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever is written to a file of ours, of whatever layout, is what is read from it. More of it:
 * {@code -Dratoon.seeds=3000}.
 */
class Qcow2WriterTest {
  private static final int SEEDS = Integer.getInteger("ratoon.seeds", 16);
  private static final OpenRules.Chain RULES = OpenRules.chain(8);

  @TempDir(factory = InMemory.class)
  Path folder;

  @Test
  void anyWritesToAnyLayoutReadAsWritten() {
    for (int seed = 0; seed < SEEDS; seed++) {
      Random random = new Random(seed);
      byte[] model = new byte[512 * (1 + random.nextInt(6000))];
      Path file = folder.resolve("disk-" + seed);
      CreateOptions.Qcow2 options = options(random);
      try (WritableDisk disk = VirtualDisks.create(file, model.length, Optional.empty(), options)) {
        new Scribble(disk, model, random).times(25);
        assertThat(Contents.read(disk)).as("%d %s", seed, options).isEqualTo(model);
        assertThat(disk.top().examine()).as("%d %s", seed, options).isEmpty();
        new Scribble(disk, model, random).times(5);
      }
      assertSound(file, model);
      writeAgain(file, model, random);
      assertSound(file, model);
    }
  }

  @Test
  void childrenOfChildrenReadAsWritten() {
    for (int seed = 0; seed < SEEDS / 2; seed++) {
      Random random = new Random(seed);
      byte[] model = Contents.mixed(seed, 512 * (1 + random.nextInt(4000)));
      Path parent = folder.resolve("base-" + seed);
      try (WritableDisk base =
          VirtualDisks.create(parent, model.length, Optional.empty(), new CreateOptions.Raw())) {
        base.write(0, ByteBuffer.wrap(model));
      }
      DiskFormat format = DiskFormat.RAW;
      for (int depth = 1; depth <= 3; depth++) {
        Path child = folder.resolve("child-" + seed + "-" + depth);
        int size = 512 * (1 + random.nextInt(5000));
        model = Arrays.copyOf(model, size);
        VirtualDisks.Parent below =
            new VirtualDisks.Parent(
                VirtualDisks.open(parent, format, RULES), new Backing(parent, format));
        try (WritableDisk disk =
            VirtualDisks.create(child, size, Optional.of(below), options(random))) {
          new Scribble(disk, model, random).times(12);
        }
        assertSound(child, model);
        writeAgain(child, model, random);
        assertSound(child, model);
        parent = child;
        format = DiskFormat.QCOW2;
      }
    }
  }

  @Test
  void manyThreadsWriteIntoTheSameClusters() throws Exception {
    for (int seed = 0; seed < SEEDS / 2; seed++) {
      Random random = new Random(seed);
      byte[] model = new byte[512 * (400 + random.nextInt(600))];
      Path file = folder.resolve("disk-" + seed);
      CreateOptions.Qcow2 options = options(random);
      int stripe = 1 + random.nextInt(Math.min(options.clusterBytes(), 20_000));
      try (WritableDisk disk = VirtualDisks.create(file, model.length, Optional.empty(), options)) {
        List<Thread> threads = new ArrayList<>();
        List<Throwable> failures = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
          int first = t;
          Random own = new Random(seed * 31L + t);
          threads.add(
              Thread.ofPlatform()
                  .uncaughtExceptionHandler((_, e) -> failures.add(e))
                  .start(() -> stripes(disk, model, first * stripe, 4 * stripe, stripe, own)));
        }
        Random places = new Random(seed);
        for (Thread thread : threads) {
          while (thread.isAlive()) {
            int at = places.nextInt(model.length);
            disk.read(at, ByteBuffer.allocate(1 + places.nextInt(model.length - at)));
          }
          thread.join();
        }
        assertThat(failures).isEmpty();
        assertThat(Contents.read(disk)).as("%d %s", seed, options).isEqualTo(model);
      }
      assertSound(file, model);
    }
  }

  /** Writes twice to stripes that no other thread writes to. */
  private static void stripes(
      WritableDisk disk, byte[] model, int start, int step, int length, Random random) {
    for (int round = 0; round < 2; round++) {
      for (int at = start; at < model.length; at += step) {
        int count = Math.min(length, model.length - at);
        if (random.nextInt(4) == 0) {
          disk.zero(at, count);
          Arrays.fill(model, at, at + count, (byte) 0);
        } else {
          byte[] content = new byte[count];
          random.nextBytes(content);
          disk.write(at, ByteBuffer.wrap(content));
          System.arraycopy(content, 0, model, at, count);
        }
        if (random.nextInt(40) == 0) {
          disk.flush();
        }
      }
    }
  }

  private static void writeAgain(Path file, byte[] model, Random random) {
    try (WritableDisk disk = VirtualDisks.openWritable(file, DiskFormat.QCOW2, RULES)) {
      new Scribble(disk, model, random).times(8);
      assertThat(Contents.read(disk)).isEqualTo(model);
    }
  }

  private static void assertSound(Path file, byte[] model) {
    try (VirtualDisk disk = VirtualDisks.open(file, DiskFormat.QCOW2, RULES)) {
      DiskAssert.assertHolds(disk, model);
      assertThat(disk.top().examine()).isEmpty();
    }
  }

  private static CreateOptions.Qcow2 options(Random random) {
    boolean extended = random.nextInt(3) == 0;
    int bits = random.nextInt(extended ? 14 : 9, random.nextInt(4) == 0 ? 22 : 17);
    return new CreateOptions.Qcow2(1 << bits, extended, random.nextInt(3) == 0);
  }
}
