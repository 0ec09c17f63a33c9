package dev.ratoon.disk.vhd;

import static dev.ratoon.disk.DiskAssert.assertHolds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Chains;
import dev.ratoon.disk.Contents;
import dev.ratoon.disk.CreateOptions.Allocation;
import dev.ratoon.disk.CreateOptions.Vhd;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Qemu;
import dev.ratoon.disk.SevenZip;
import dev.ratoon.disk.VhdLib;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Others read what we write, and we read what others write. QEMU opens differencing files as if
 * they were dynamic, silently, so 7-Zip and vhd-lib judge those; libvhdi misreads their sector
 * bitmaps and is not asked.
 */
class VhdOracleTest {
  /** What VHD's geometry expresses exactly, so that nobody is in doubt of the size. */
  private static final int SIZE = 612 * 17 * 4 * 512 / 4;

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void othersReadOurs(Allocation allocation) throws Exception {
    byte[] content = Contents.mixed(1, 5 << 20);
    Path raw = Contents.raw(folder.resolve("a.raw"), content);
    Path file = folder.resolve("a.vhd");
    try (WritableDisk disk =
        Chains.create(file, content.length, new Vhd(allocation, 1 << 19, Vhd.Sizing.EXACT))) {
      disk.write(0, ByteBuffer.wrap(content));
    }
    Qemu.img("compare", "-f", "raw", "-F", "vpc", raw, file);
    assertThat(SevenZip.content(file, DiskFormat.VHD)).isEqualTo(content);
  }

  @ParameterizedTest
  @CsvSource({
    "force_size=on, 5242880",
    "'force_size=on,subformat=fixed', 5242880",
    "subformat=dynamic, 0"
  })
  void weReadWhatQemuConverts(String options, int expectedSize) throws Exception {
    byte[] content = Contents.mixed(2, 5 << 20);
    Path raw = Contents.raw(folder.resolve("a.raw"), content);
    Path file = folder.resolve("a.vhd");
    Qemu.img("convert", "-f", "raw", "-O", "vpc", "-o", options, raw, file);
    try (VirtualDisk disk = VirtualDisks.open(file, OpenRules.foreign())) {
      int size = expectedSize == 0 ? (int) VhdGeometry.roundedUp(5 << 20) : expectedSize;
      assertHolds(disk, Arrays.copyOf(content, size));
    }
  }

  @Test
  void qemuWritesIntoOurs() throws Exception {
    byte[] content = Contents.mixed(3, 5 << 20);
    Path file = folder.resolve("a.vhd");
    try (WritableDisk disk = Chains.create(file, content.length, Vhd.STANDARD)) {
      disk.write(0, ByteBuffer.wrap(content, 0, 1 << 20));
    }
    byte[] expected = Arrays.copyOf(Arrays.copyOf(content, 1 << 20), 5 << 20);
    Qemu.io(DiskFormat.VHD, file, "write -P 7 100k 3k", "write -P 8 4M 600k");
    Arrays.fill(expected, 100 << 10, 103 << 10, (byte) 7);
    Arrays.fill(expected, 4 << 20, (4 << 20) + (600 << 10), (byte) 8);
    try (VirtualDisk disk = Chains.open(file)) {
      assertHolds(disk, expected);
      assertThat(disk.top().examine()).isEmpty();
    }
    try (WritableDisk disk = Chains.openWritable(file)) {
      disk.write(3 << 20, ByteBuffer.wrap(content, 0, 700_000));
      System.arraycopy(content, 0, expected, 3 << 20, 700_000);
    }
    Path raw = Contents.raw(folder.resolve("a.raw"), expected);
    Qemu.img("compare", "-f", "raw", "-F", "vpc", raw, file);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void othersReadOurChains(long seed) throws Exception {
    Random random = new Random(seed);
    byte[] content = Contents.mixed(seed, SIZE);
    Path parent = folder.resolve("root.vhd");
    try (WritableDisk disk = Chains.create(parent, SIZE, Vhd.STANDARD)) {
      disk.write(0, ByteBuffer.wrap(content));
    }
    for (int depth = 1; depth <= 3; depth++) {
      Path child = folder.resolve("child" + depth + ".vhd");
      try (WritableDisk disk = Chains.child(child, parent, Vhd.STANDARD)) {
        for (int i = 0; i < 15; i++) {
          Chains.change(disk, content, random, 100_000);
        }
      }
      parent = child;
    }
    assertThat(SevenZip.content(parent, DiskFormat.VHD)).isEqualTo(content);
    Path read = folder.resolve("read.raw");
    VhdLib.read(parent, read);
    assertThat(Files.readAllBytes(read)).isEqualTo(content);
  }
}
