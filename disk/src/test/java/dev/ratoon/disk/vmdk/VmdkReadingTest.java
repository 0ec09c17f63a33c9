package dev.ratoon.disk.vmdk;

import static dev.ratoon.disk.DiskAssert.assertHolds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Contents;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Extent.Kind;
import dev.ratoon.disk.Finding;
import dev.ratoon.disk.NativeId;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that are made by hand are read as docs/formats/vmdk.md says. */
@Timeout(20)
class VmdkReadingTest {
  private static final int SIZE = 5 * (1 << 20) + 3 * 512;

  @TempDir Path folder;

  static Stream<Arguments> variants() {
    byte[] content = Contents.mixed(4, SIZE);
    return Stream.of(
        Arguments.of("sparse", VmdkFile.sparse(content)),
        Arguments.of("redundant tables", VmdkFile.sparse(content).redundant()),
        Arguments.of("large grains", VmdkFile.sparse(content).grains(128)),
        Arguments.of("largest grains", VmdkFile.sparse(content).grains(4096)),
        Arguments.of("stream", VmdkFile.stream(content)),
        Arguments.of("stream, large grains", VmdkFile.stream(content).grains(128)),
        Arguments.of("stream, tables at the end", VmdkFile.stream(content).tablesAtEnd()),
        Arguments.of("stream, all at the end", VmdkFile.stream(content).grains(128).tablesAtEnd()));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("variants")
  void everyVariantHoldsItsContent(String name, VmdkFile made) throws Exception {
    Path file = made.write(folder.resolve("a.vmdk"));
    for (OpenRules rules : new OpenRules[] {OpenRules.foreign(), OpenRules.chain(1)}) {
      try (VirtualDisk disk = VirtualDisks.open(file, rules)) {
        assertThat(disk.format()).isEqualTo(DiskFormat.VMDK);
        assertThat(disk.top().parent()).isEmpty();
        assertThat(disk.top().nativeId()).contains(new NativeId.Vmdk(0x12345678));
        assertThat(disk.top().examine()).isEmpty();
        assertHolds(disk, Contents.mixed(4, SIZE));
      }
    }
  }

  @Test
  void whatIsNotStoredIsAHoleAndWhatIsMarkedIsZero() throws Exception {
    byte[] content = new byte[64 * 4096];
    Arrays.fill(content, 8 * 4096, 20 * 4096, (byte) 5);
    Path file = VmdkFile.sparse(content).zeroed(4, 5, 10).write(folder.resolve("a.vmdk"));
    Arrays.fill(content, 10 * 4096, 11 * 4096, (byte) 0);
    try (VirtualDisk disk = VirtualDisks.open(file, OpenRules.foreign())) {
      assertHolds(disk, content);
      assertThat(disk.extentAt(0)).isEqualTo(new Extent(0, 4 * 4096, Kind.HOLE));
      assertThat(disk.extentAt(4 * 4096)).isEqualTo(new Extent(4 * 4096, 2 * 4096, Kind.ZERO));
      assertThat(disk.extentAt(8 * 4096)).isEqualTo(new Extent(8 * 4096, 2 * 4096, Kind.DATA));
      assertThat(disk.extentAt(10 * 4096 + 512).kind()).isEqualTo(Kind.ZERO);
      assertThat(disk.top().variant()).isEqualTo("monolithicSparse, grains of 4 KiB");
    }
  }

  @Test
  void aGrainThatIsReadInStepsIsUnpackedOnce() throws Exception {
    Path file = VmdkFile.stream(Contents.mixed(2, 1 << 20)).grains(128).write(folder.resolve("a"));
    byte[] content = Contents.mixed(2, 1 << 20);
    try (VirtualDisk disk = VirtualDisks.open(file, OpenRules.foreign())) {
      long data = disk.extentAt(0).kind() == Kind.DATA ? 0 : disk.extentAt(0).end();
      long grain = data / 65536 * 65536;
      ByteBuffer sector = ByteBuffer.allocate(512);
      disk.read(grain, sector);
      // Whoever reads on does not look at the file again: it would not be what it was.
      try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
        raw.seek(6 * 512);
        raw.write(new byte[(int) raw.length() - 6 * 512]);
      }
      for (int at = 0; at < 65536; at += 512) {
        disk.read(grain + at, sector.clear());
        assertThat(sector.array())
            .isEqualTo(Arrays.copyOfRange(content, (int) grain + at, (int) grain + at + 512));
      }
    }
  }

  @Test
  void theLastGrainOfAStreamMayEndWithTheDisk() throws Exception {
    byte[] content = new byte[4096 + 1024];
    Arrays.fill(content, (byte) 9);
    VmdkFile made = VmdkFile.stream(content);
    byte[] bytes = made.bytes();
    ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    byte[] shorter = VmdkFile.deflate(Arrays.copyOf(content, 1024));
    int at = file.getInt(made.entryAt(1)) * 512;
    file.putInt(at + 8, shorter.length).put(at + 12, shorter);
    Path path = Files.write(folder.resolve("a.vmdk"), bytes);
    try (VirtualDisk disk = VirtualDisks.open(path, OpenRules.foreign())) {
      assertHolds(disk, content);
    }
  }

  @Test
  void theLastGrainMayEndWithTheFile() throws Exception {
    byte[] content = new byte[4096 + 512];
    Arrays.fill(content, (byte) 9);
    byte[] bytes = VmdkFile.sparse(content).bytes();
    Path path = Files.write(folder.resolve("a.vmdk"), Arrays.copyOf(bytes, bytes.length - 7 * 512));
    try (VirtualDisk disk = VirtualDisks.open(path, OpenRules.foreign())) {
      assertHolds(disk, content);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ffffffff", "FFFFFFFE", "xyz", "123456789", ""})
  void whatIdentifiesNothingIsNoNativeId(String cid) throws Exception {
    String text = VmdkFile.descriptor(cid, "ffffffff", "monolithicSparse", 16);
    Path file = VmdkFile.sparse(new byte[8192]).descriptor(text).write(folder.resolve("a.vmdk"));
    try (VirtualDisk disk = VirtualDisks.open(file, OpenRules.foreign())) {
      assertThat(disk.top().nativeId()).isEmpty();
    }
  }

  @Test
  void aDescriptorMayBeWrittenInOtherWays() throws Exception {
    String text =
        "\r\n  cid = \"DEADbeef\"\r\nCreateType = monolithicsparse\r\nRDONLY  16  SPARSE"
            + "\r\nencoding=\"x\"\0createType=\"custom\"";
    Path file = VmdkFile.sparse(new byte[8192]).descriptor(text).write(folder.resolve("a.vmdk"));
    try (VirtualDisk disk = VirtualDisks.open(file, OpenRules.foreign())) {
      assertThat(disk.top().nativeId()).contains(new NativeId.Vmdk(0xdeadbeef));
    }
  }

  @Test
  void examiningFindsWhatReadingDoesNotNeed() throws Exception {
    byte[] content = Contents.mixed(3, 1 << 20);
    VmdkFile made =
        VmdkFile.sparse(content)
            .redundant()
            .descriptor(VmdkFile.descriptor("1", "ffffffff", "monolithicSparse", 77));
    byte[] bytes = made.bytes();
    int redundantTable = (1 + VmdkFile.DESCRIPTOR_SECTORS + 1) * 512;
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(redundantTable + 12, 300);
    Path path = Files.write(folder.resolve("a.vmdk"), bytes);
    try (VirtualDisk disk = VirtualDisks.open(path, OpenRules.foreign())) {
      assertThat(disk.top().examine())
          .extracting(Finding::what)
          .containsExactly(
              "Its header says that the disk has 2048 sectors, its descriptor 77.",
              "Its two grain tables do not agree on what is at byte 12288 of the disk.");
      assertHolds(disk, content);
    }
  }

  @Test
  void examiningLooksAtTheMarkersOfAllGrains() throws Exception {
    byte[] content = new byte[40 * 4096];
    Arrays.fill(content, (byte) 1);
    VmdkFile made = VmdkFile.stream(content);
    byte[] bytes = made.bytes();
    ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    for (int grain = 0; grain < 40; grain++) {
      file.putLong(file.getInt(made.entryAt(grain)) * 512, 1_000_000);
    }
    Path path = Files.write(folder.resolve("a.vmdk"), bytes);
    try (VirtualDisk disk = VirtualDisks.open(path, OpenRules.foreign())) {
      assertThat(disk.top().examine()).hasSize(20);
    }
  }

  @Test
  void aHugeDiskOpensInLittleTimeAndMemory() throws Exception {
    long sectors = (64L << 40) / 512;
    byte[] small = VmdkFile.sparse(new byte[512]).grains(128).bytes();
    ByteBuffer.wrap(small).order(ByteOrder.LITTLE_ENDIAN).putLong(12, sectors);
    Path path = Files.write(folder.resolve("a.vmdk"), small);
    try (RandomAccessFile raw = new RandomAccessFile(path.toFile(), "rw")) {
      // The directory has 2 Mi entries: 8 MiB of a hole behind the one that is there.
      raw.setLength(16 << 20);
      raw.seek(9 * 512);
      raw.write(new byte[4]);
    }
    byte[] bytes = Files.readAllBytes(path);
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(56, 9);
    Files.write(path, bytes);
    try (VirtualDisk disk = VirtualDisks.open(path, OpenRules.foreign())) {
      assertThat(disk.size()).isEqualTo(64L << 40);
      assertThat(disk.extentAt(0)).isEqualTo(new Extent(0, 64L << 40, Kind.HOLE));
    }
  }
}
