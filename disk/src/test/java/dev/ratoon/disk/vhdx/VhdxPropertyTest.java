package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.VhdxDisks.MIB;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Contents;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Finding;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whatever is written to a chain, it reads as an array of bytes would. */
class VhdxPropertyTest {
  @TempDir(factory = MemoryFolder.class)
  Path folder;

  @ParameterizedTest
  @CsvSource({
    // seed, MiB of a block, bytes of a sector, grain of what is written
    "1, 1, 512, 512",
    "2, 1, 4096, 4096",
    "3, 2, 512, 1",
    "4, 1, 4096, 512",
    "5, 4, 512, 512",
    "6, 1, 4096, 1",
  })
  void aChainReadsWhatWasWrittenToIt(long seed, int blockMib, int sectorBytes, int grain) {
    Random random = new Random(seed);
    CreateOptions.Vhdx options = VhdxDisks.dynamic(blockMib, sectorBytes);
    byte[] model = new byte[6 * MIB - 3 * 4096];
    Path base = folder.resolve("0.vhdx");
    try (WritableDisk disk = VhdxDisks.create(base, model.length, options)) {
      write(disk, model, random, grain);
    }
    writeAgain(base, model, random, grain);
    Path parent = base;
    for (int depth = 1; depth < 4; depth++) {
      Path child = folder.resolve(depth + ".vhdx");
      // Smaller than its parent, and then larger.
      int size = model.length + (depth % 2 == 0 ? MIB : -MIB / 2);
      model = Arrays.copyOf(model, size);
      try (WritableDisk disk = VhdxDisks.child(child, parent, size, options)) {
        write(disk, model, random, grain);
        assertReads(disk, model);
      }
      writeAgain(child, model, random, grain);
      parent = child;
    }
  }

  /** Bytes are those of the model, and zero where extents say so. */
  private static void assertReads(VirtualDisk disk, byte[] model) {
    assertThat(Arrays.mismatch(Contents.read(disk), model)).as("first difference").isNegative();
    byte[] zeros = new byte[model.length];
    for (long at = 0; at < model.length; ) {
      Extent extent = disk.extentAt(at);
      assertThat(extent.offset()).isEqualTo(at);
      if (extent.kind() != Extent.Kind.DATA) {
        int from = (int) at;
        int to = (int) extent.end();
        assertThat(Arrays.equals(model, from, to, zeros, from, to)).as("" + extent).isTrue();
      }
      at = extent.end();
    }
  }

  private static void write(WritableDisk disk, byte[] model, Random random, int grain) {
    for (int i = 0; i < 12; i++) {
      VhdxDisks.change(disk, model, random, grain);
      if (random.nextInt(4) == 0) {
        disk.flush();
      }
    }
  }

  private static void writeAgain(Path file, byte[] model, Random random, int grain) {
    try (VirtualDisk disk = VhdxDisks.open(file)) {
      assertReads(disk, model);
      assertThat(disk.top().examine()).noneMatch(f -> f.severity() == Finding.Severity.ERROR);
    }
    try (WritableDisk disk = VhdxDisks.openWritable(file)) {
      write(disk, model, random, grain);
      assertReads(disk, model);
    }
    try (VirtualDisk disk = VhdxDisks.open(file)) {
      assertReads(disk, model);
      assertThat(disk.top().examine()).noneMatch(f -> f.severity() == Finding.Severity.ERROR);
    }
  }
}
