package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.DiskAssert.assertRefused;
import static dev.ratoon.disk.vhdx.VhdxDisks.MIB;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.CreateOptions.Allocation;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.WritableLayer;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.model.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** New files are what docs/formats/vhdx.md says, and large ones cost nothing. */
class VhdxCreationTest {
  private static final long TIB = 1L << 40;

  @TempDir(factory = MemoryFolder.class)
  Path folder;

  private Path file() {
    return folder.resolve("disk.vhdx");
  }

  private void create(long size, Allocation allocation, int blockMib, int sectorBytes) {
    VhdxDisks.create(file(), size, new CreateOptions.Vhdx(allocation, blockMib * MIB, sectorBytes))
        .close();
  }

  @Test
  void aDynamicDiskIsMadeOfTheFormatsParts() throws IOException {
    create(100 * MIB, Allocation.DYNAMIC, 32, 4096);
    VhdxBytes bytes = new VhdxBytes(file());
    assertThat(Files.size(file())).isEqualTo(4 * MIB);
    assertThat(new String(bytes.get(0, 8).array(), StandardCharsets.US_ASCII))
        .isEqualTo("vhdxfile");
    assertThat(bytes.word(VhdxBytes.HEADER_1 + 8)).isEqualTo(1);
    assertThat(bytes.word(VhdxBytes.HEADER_2 + 8)).isEqualTo(2);
    assertThat(bytes.word(VhdxBytes.HEADER_2 + 64)).isEqualTo((long) MIB << 32 | 1 << 16);
    assertThat(bytes.word(VhdxBytes.HEADER_2 + 72)).isEqualTo(MIB);
    assertThat(bytes.get(VhdxBytes.HEADER_1 + 16, 64))
        .isEqualTo(bytes.get(VhdxBytes.HEADER_2 + 16, 64));
    assertThat(bytes.get(VhdxBytes.REGIONS_1, 64 << 10))
        .isEqualTo(bytes.get(VhdxBytes.REGIONS_2, 64 << 10));
    assertThat(bytes.word(VhdxBytes.ITEMS)).isEqualTo(32 * MIB);
    assertThat(bytes.word(VhdxBytes.ITEMS + 8)).isEqualTo(100 * MIB);
    assertThat(bytes.word(VhdxBytes.ITEMS + 32)).isEqualTo(4096L << 32 | 4096);
    try (VirtualDisk disk = VirtualDisks.open(file(), OpenRules.foreign())) {
      assertThat(disk.format()).isEqualTo(DiskFormat.VHDX);
      assertThat(disk.size()).isEqualTo(100 * MIB);
      assertThat(disk.top().sectorBytes()).isEqualTo(4096);
      assertThat(disk.top().variant()).isEqualTo("dynamic, blocks of 32 MiB, sectors of 4096");
      assertThat(disk.top().parent()).isEmpty();
      assertThat(disk.top().examine()).isEmpty();
      assertThat(disk.extentAt(0)).isEqualTo(new Extent(0, 100 * MIB, Extent.Kind.HOLE));
    }
  }

  @Test
  void aFixedDiskHasAllItsBlocksAndIsSparse() throws IOException {
    create(9L << 30, Allocation.FIXED, 1, 512);
    // 9,216 blocks and two entries for bitmaps that are not there.
    assertThat(Files.size(file())).isEqualTo(4L * MIB + (9L << 30));
    VhdxBytes bytes = new VhdxBytes(file());
    assertThat(bytes.word(VhdxBytes.ITEMS)).isEqualTo(MIB | 1L << 32);
    assertThat(bytes.word(VhdxBytes.BAT)).isEqualTo(4 * MIB | 6);
    assertThat(bytes.word(VhdxBytes.BAT + 8 * 4096)).isZero();
    assertThat(bytes.word(VhdxBytes.BAT + 8 * 4097)).isEqualTo(4100L * MIB | 6);
    assertThat(bytes.word(VhdxBytes.BAT + 8 * 9217)).isEqualTo(9219L * MIB | 6);
    try (WritableDisk disk = VhdxDisks.openWritable(file())) {
      assertThat(disk.top().variant()).isEqualTo("fixed, blocks of 1 MiB, sectors of 512");
      // Only the byte that gives the file its length is stored.
      assertThat(disk.extentAt(0)).isEqualTo(new Extent(0, disk.size() - 4096, Extent.Kind.ZERO));
      disk.write(5L << 30, ByteBuffer.wrap(TestLog.noise(1)));
      disk.zero(0, 3L << 30);
      disk.zero(5L << 30, 1024);
      assertThat(disk.extentAt(5L << 30).kind()).isEqualTo(Extent.Kind.DATA);
      ByteBuffer read = ByteBuffer.allocate(1026);
      disk.read((5L << 30) - 1, read);
      assertThat(read.slice(0, 1025).array()).startsWith(new byte[1025]);
      assertThat(read.get(1025)).isEqualTo(TestLog.noise(1)[1024]);
    }
    assertThat(bytes.word(VhdxBytes.BAT)).as("blocks stay").isEqualTo(4 * MIB | 6);
  }

  @ParameterizedTest
  @CsvSource({"1, 512", "1, 4096", "2, 512", "256, 4096"})
  @Timeout(10)
  void theLargestDiskCostsNothing(int blockMib, int sectorBytes) {
    create(64 * TIB, Allocation.DYNAMIC, blockMib, sectorBytes);
    byte[] noise = TestLog.noise(7);
    try (WritableDisk disk = VhdxDisks.openWritable(file())) {
      disk.write(64 * TIB - noise.length, ByteBuffer.wrap(noise));
    }
    try (VirtualDisk disk = VhdxDisks.open(file())) {
      assertThat(disk.size()).isEqualTo(64 * TIB);
      Extent first = disk.extentAt(0);
      assertThat(first.kind()).isEqualTo(Extent.Kind.HOLE);
      assertThat(first.end()).isEqualTo(64 * TIB - (long) blockMib * MIB);
      assertThat(disk.extentAt(first.end()).kind()).isEqualTo(Extent.Kind.ZERO);
      ByteBuffer read = ByteBuffer.allocate(noise.length);
      disk.read(64 * TIB - noise.length, read);
      assertThat(read.array()).isEqualTo(noise);
      assertThat(disk.top().examine()).isEmpty();
    }
  }

  @Test
  void whatCanNotBeADiskIsRefused() {
    assertRefused(ErrorCode.INVALID_VALUE, () -> create(MIB + 512, Allocation.DYNAMIC, 1, 4096));
    assertThat(file()).doesNotExist();
    create(MIB + 512, Allocation.DYNAMIC, 1, 512);
    assertRefused(ErrorCode.NAME_TAKEN, () -> create(MIB, Allocation.DYNAMIC, 1, 512));
  }

  @Test
  void aFileThatWasNotCompletedIsRefused() {
    VhdxWriter writer =
        VhdxWriter.create(
            ImageFile.create(file()), MIB, Optional.empty(), VhdxDisks.dynamic(1, 512));
    writer.write(0, ByteBuffer.allocate(100), WritableLayer.Below.NOTHING);
    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> VhdxDisks.open(file()).close());
    writer.flush();
    VhdxDisks.open(file()).close();
    writer.close();
  }

  @Test
  void entriesAreCountedAsTheFormatCountsThem() {
    Random random = new Random(1);
    for (int i = 0; i < 2000; i++) {
      int blockBytes = MIB << random.nextInt(9);
      int sectorBytes = random.nextBoolean() ? 512 : 4096;
      long size = 1 + random.nextLong(1L << (20 + random.nextInt(26)));
      size = (size + sectorBytes - 1) / sectorBytes * sectorBytes;
      long ratio = (1L << 23) * sectorBytes / blockBytes;
      long blocks = Math.ceilDiv(size, blockBytes);
      BlockGeometry alone = new BlockGeometry(size, blockBytes, sectorBytes, false);
      BlockGeometry child = new BlockGeometry(size, blockBytes, sectorBytes, true);
      assertThat(alone.blocks()).isEqualTo(blocks);
      assertThat(alone.entries()).isEqualTo(blocks + (blocks - 1) / ratio);
      assertThat(child.entries()).isEqualTo(Math.ceilDiv(blocks, ratio) * (ratio + 1));
      assertThat(child.batBytes()).isEqualTo(Math.ceilDiv(child.entries() * 8, MIB) * MIB);
      long block = random.nextLong(blocks);
      assertThat(child.entry(block)).isEqualTo(block + block / ratio);
      assertThat(child.blockOfEntry(child.entry(block))).isEqualTo(block);
      assertThat(child.isBitmapEntry(child.entry(block))).isFalse();
      long bitmap = block / ratio * (ratio + 1) + ratio;
      assertThat(child.bitmapEntry(child.chunk(block))).isEqualTo(bitmap);
      assertThat(child.isBitmapEntry(bitmap)).isTrue();
      assertThat(child.chunkOfEntry(bitmap)).isEqualTo(block / ratio);
      long offset = block * blockBytes + random.nextInt(blockBytes);
      assertThat(child.blockAt(offset)).isEqualTo(block);
      assertThat(child.bit(offset)).isEqualTo((int) (offset / sectorBytes % (1 << 23)));
      assertThat(child.end(block)).isEqualTo(Math.min(size, (block + 1) * blockBytes));
    }
  }
}
