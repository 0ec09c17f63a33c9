package dev.ratoon.disk.vhd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Chains;
import dev.ratoon.disk.CreateOptions.Allocation;
import dev.ratoon.disk.CreateOptions.Vhd;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Extent.Kind;
import dev.ratoon.disk.InMemory;
import dev.ratoon.disk.NativeId;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.ParentLink;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The parts of a VHD, byte by byte, as docs/formats/vhd.md has them. */
class VhdPartsTest {
  private static final int TABLE = 1536;
  private static final Vhd SMALL_BLOCKS = new Vhd(Allocation.DYNAMIC, 1 << 19, Vhd.Sizing.EXACT);

  @TempDir(factory = InMemory.class)
  Path folder;

  @Test
  void aDynamicFileIsWhatTheDocumentSays() throws Exception {
    Path path = folder.resolve("a.vhd");
    long before = Instant.now().getEpochSecond() - 946_684_800;
    // 130 blocks: a table of two sectors, the second of them with entries to spare.
    Chains.create(path, 130L << 19, SMALL_BLOCKS).close();
    ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(path));

    assertThat(file.capacity()).isEqualTo(TABLE + 2 * 512 + 512);
    ByteBuffer footer = file.slice(0, 512);
    assertThat(file.slice(TABLE + 1024, 512)).isEqualTo(footer);
    assertThat(text(footer, 0, 8)).isEqualTo("conectix");
    assertThat(footer.getInt(8)).isEqualTo(2);
    assertThat(footer.getInt(12)).isEqualTo(0x0001_0000);
    assertThat(footer.getLong(16)).isEqualTo(512);
    assertThat((long) footer.getInt(24)).isBetween(before, before + 60);
    assertThat(text(footer, 28, 4)).isEqualTo("win ");
    assertThat(text(footer, 36, 4)).isEqualTo("Wi2k");
    assertThat(footer.getLong(40)).isEqualTo(130L << 19);
    assertThat(footer.getLong(48)).isEqualTo(130L << 19);
    VhdGeometry geometry = VhdGeometry.of(130L << 19);
    assertThat(footer.getShort(56)).isEqualTo((short) geometry.cylinders());
    assertThat(footer.get(58)).isEqualTo((byte) geometry.heads());
    assertThat(footer.get(59)).isEqualTo((byte) geometry.sectorsPerTrack());
    assertThat(footer.getInt(60)).isEqualTo(3);
    assertThat(footer.getInt(64)).isEqualTo(~(sum(footer) - sum(footer.slice(64, 4))));
    try (VirtualDisk disk = Chains.open(path)) {
      assertThat(disk.top().nativeId())
          .contains(new NativeId.Vhd(new UUID(footer.getLong(68), footer.getLong(76))));
    }
    assertThat(sum(footer.slice(84, 428))).isZero();

    ByteBuffer header = file.slice(512, 1024);
    assertThat(text(header, 0, 8)).isEqualTo("cxsparse");
    assertThat(header.getLong(8)).isEqualTo(-1);
    assertThat(header.getLong(16)).isEqualTo(TABLE);
    assertThat(header.getInt(24)).isEqualTo(0x0001_0000);
    assertThat(header.getInt(28)).isEqualTo(130);
    assertThat(header.getInt(32)).isEqualTo(1 << 19);
    assertThat(header.getInt(36)).isEqualTo(~(sum(header) - sum(header.slice(36, 4))));
    assertThat(sum(header.slice(40, 984))).isZero();

    byte[] table = new byte[1024];
    Arrays.fill(table, (byte) -1);
    assertThat(file.slice(TABLE, 1024)).isEqualTo(ByteBuffer.wrap(table));
  }

  @Test
  void aBlockIsWhatTheDocumentSays() throws Exception {
    Path path = folder.resolve("a.vhd");
    try (WritableDisk disk = Chains.create(path, 130L << 19, SMALL_BLOCKS)) {
      disk.write((129 << 19) + 700, ByteBuffer.wrap(new byte[] {1, 2, 3}));
      disk.write((2 << 19) - 1, ByteBuffer.wrap(new byte[] {4}));
    }
    ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(path));
    int first = file.getInt(TABLE + 129 * 4) * 512;
    int second = file.getInt(TABLE + 4) * 512;
    // Its data is aligned to 4 KiB, behind one sector of bits that are all set.
    assertThat(first).isEqualTo(4096 - 512);
    assertThat(second).isEqualTo(first + (1 << 19) + 4096);
    assertThat(file.capacity()).isEqualTo(second + 512 + (1 << 19) + 512);
    assertThat(file.slice(first, 64).getLong(56)).isEqualTo(-1);
    assertThat(file.get(first + 127)).isEqualTo((byte) -1);
    assertThat(file.get(first + 512 + 701)).isEqualTo((byte) 2);
    assertThat(file.get(second + 512 + (1 << 19) - 1)).isEqualTo((byte) 4);
    for (int block = 0; block < 256; block++) {
      boolean present = block == 1 || block == 129;
      assertThat(file.getInt(TABLE + block * 4) != -1).as("block %d", block).isEqualTo(present);
    }
  }

  @Test
  void aChildRecordsItsParentAsTheDocumentSays() throws Exception {
    Path root = folder.resolve("r\u00f6\u00f6t.vhd");
    Chains.create(root, 1 << 20, SMALL_BLOCKS).close();
    Files.setLastModifiedTime(root, FileTime.from(Instant.parse("2001-01-01T00:00:00Z")));
    Path child = folder.resolve("child.vhd");
    try (WritableDisk disk = Chains.child(child, root, SMALL_BLOCKS)) {
      disk.write(3 * 512, ByteBuffer.allocate(2 * 512));
      disk.write(9 * 512 + 5, ByteBuffer.wrap(new byte[] {1}));
    }
    ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(child));
    ByteBuffer parent = ByteBuffer.wrap(Files.readAllBytes(root));

    assertThat(file.getInt(60)).isEqualTo(4);
    ByteBuffer header = file.slice(512, 1024);
    assertThat(header.slice(40, 16)).isEqualTo(parent.slice(68, 16));
    assertThat(header.getInt(56)).isEqualTo(366 * 86400);
    byte[] name = "r\u00f6\u00f6t.vhd\0".getBytes(StandardCharsets.UTF_16BE);
    assertThat(header.slice(64, name.length)).isEqualTo(ByteBuffer.wrap(name));
    assertThat(locator(file, 0, "W2ru")).isEqualTo(".\\r\u00f6\u00f6t.vhd");
    assertThat(locator(file, 1, "W2ku")).isEqualTo("C:" + root.toString().replace('/', '\\'));
    assertThat(sum(header.slice(576 + 48, 6 * 24))).isZero();

    int block = file.getInt(TABLE) * 512;
    assertThat(file.getShort(block)).isEqualTo((short) 0b0001_1000_0100_0000);
    assertThat(sum(file.slice(block + 2, 510))).isZero();
  }

  /** The text of a locator, whose fields are as they should be. */
  private static String locator(ByteBuffer file, int index, String code) {
    ByteBuffer locator = file.slice(512 + 576 + 24 * index, 24);
    assertThat(text(locator, 0, 4)).isEqualTo(code);
    int length = locator.getInt(8);
    int offset = (int) locator.getLong(16);
    assertThat(offset % 512).isZero();
    assertThat(locator.getInt(4)).isEqualTo((length + 511) / 512 * 512);
    assertThat(locator.getInt(12)).isZero();
    String text = StandardCharsets.UTF_16LE.decode(file.slice(offset, length)).toString();
    return text.replace("\\\\?\\", "");
  }

  @Test
  void aFixedFileIsItsBytesAndAFooter() throws Exception {
    Path path = folder.resolve("a.vhd");
    Chains.create(path, 1 << 20, new Vhd(Allocation.FIXED, 1 << 21, Vhd.Sizing.EXACT)).close();
    ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(path));
    assertThat(file.capacity()).isEqualTo((1 << 20) + 512);
    assertThat(file.getLong((1 << 20) + 16)).isEqualTo(-1);
    assertThat(file.getInt((1 << 20) + 60)).isEqualTo(2);
  }

  @Test
  void aParentIsLookedForWhereItsNamesLead() {
    UUID id = new UUID(1, 2);
    Path child = Path.of("/vms/web/child.vhd");
    ParentLink all =
        new VhdParent(id, 0, "c.vhd", Optional.of("..\\a.vhd"), Optional.of("C:\\x\\b.vhd"))
            .link(child);
    assertThat(all.recorded()).isEqualTo("..\\a.vhd");
    assertThat(all.candidates())
        .containsExactly(
            Path.of("/vms/a.vhd"),
            Path.of("/x/b.vhd"),
            Path.of("/vms/web/b.vhd"),
            Path.of("/vms/web/c.vhd"));
    assertThat(all.nativeId()).contains(new NativeId.Vhd(id));
    ParentLink absolute =
        new VhdParent(id, 0, "c.vhd", Optional.empty(), Optional.of("C:\\x\\b.vhd")).link(child);
    assertThat(absolute.recorded()).isEqualTo("C:\\x\\b.vhd");
    assertThat(absolute.candidates())
        .containsExactly(Path.of("/x/b.vhd"), Path.of("/vms/web/b.vhd"), Path.of("/vms/web/c.vhd"));
    ParentLink name = new VhdParent(id, 0, "c.vhd", Optional.empty(), Optional.empty()).link(child);
    assertThat(name.recorded()).isEqualTo("c.vhd");
    assertThat(name.candidates()).containsExactly(Path.of("/vms/web/c.vhd"));
  }

  @Test
  void theLastBlockOfTheLargestDiskIsFoundAgain() throws Exception {
    Path path = folder.resolve("a.vhd");
    long size = 2040L << 30;
    try (WritableDisk disk = Chains.create(path, size, SMALL_BLOCKS)) {
      disk.write(size - 1, ByteBuffer.wrap(new byte[] {7}));
      disk.write(size / 2, ByteBuffer.wrap(new byte[] {8}));
    }
    try (VirtualDisk disk = VirtualDisks.open(path, OpenRules.foreign())) {
      ByteBuffer read = ByteBuffer.allocate(2);
      disk.read(size - 1, read.limit(1));
      disk.read(size / 2, read.limit(2));
      assertThat(read.array()).containsExactly(7, 8);
      assertThat(disk.extentAt(0)).isEqualTo(new Extent(0, size / 2, Kind.HOLE));
      assertThat(disk.extentAt(size / 2)).isEqualTo(new Extent(size / 2, 1 << 19, Kind.DATA));
    }
  }

  @ParameterizedTest
  @CsvSource({
    // Sectors; cylinders, heads, sectors of a track: by the specification's pseudocode.
    "1, 0, 4, 17",
    "68, 1, 4, 17",
    "69631, 1023, 4, 17",
    "69632, 140, 16, 31",
    "69649, 819, 5, 17",
    "131072, 963, 8, 17",
    "278527, 1023, 16, 17",
    "278528, 561, 16, 31",
    "507903, 1023, 16, 31",
    "507904, 503, 16, 63",
    "66059279, 65534, 16, 63",
    "66059280, 16191, 16, 255",
    "267382799, 65534, 16, 255",
    "267382800, 65535, 16, 255",
    "4278190080, 65535, 16, 255"
  })
  void aGeometryIsTheSpecifications(long sectors, int cylinders, int heads, int perTrack) {
    VhdGeometry geometry = VhdGeometry.of(sectors * 512);
    assertThat(geometry).isEqualTo(new VhdGeometry(cylinders, heads, perTrack));
    assertThat(geometry.bytes()).isEqualTo(512L * cylinders * heads * perTrack);
    assertThat(geometry.isLargest()).isEqualTo(sectors >= 267_382_800);
  }

  @Test
  void aBitmapIsASetOfSectors() {
    Random random = new Random(1);
    for (int round = 0; round < 50; round++) {
      SectorBitmap bitmap = SectorBitmap.empty(1 << 19);
      BitSet model = new BitSet();
      for (int i = random.nextInt(6); i >= 0; i--) {
        int from = random.nextInt(1024);
        int to = from + random.nextInt(Math.min(1024 - from, 1 << random.nextInt(1, 11)) + 1);
        bitmap.set(from, to);
        model.set(from, to);
      }
      assertSame(bitmap, model);
      ByteBuffer bytes = bitmap.encode();
      assertThat(bytes.capacity()).isEqualTo(512);
      for (int sector = 0; sector < 1024; sector++) {
        boolean set = (bytes.get(sector / 8) & (0x80 >> (sector % 8))) != 0;
        assertThat(set).as("sector %d", sector).isEqualTo(model.get(sector));
      }
      assertSame(SectorBitmap.parse(bytes), model);
    }
  }

  private static void assertSame(SectorBitmap bitmap, BitSet model) {
    for (int from = 0; from < 1024; from++) {
      boolean set = model.get(from);
      assertThat(bitmap.get(from)).isEqualTo(set);
      int end = set ? model.nextClearBit(from) : model.nextSetBit(from);
      int runEnd = end < 0 ? 1024 : end;
      assertThat(bitmap.runEnd(from, 1024)).as("run from %d", from).isEqualTo(runEnd);
      int to = Math.min(1024, from + 70);
      assertThat(bitmap.runEnd(from, to)).isEqualTo(Math.min(to, runEnd));
    }
  }

  private static String text(ByteBuffer bytes, int offset, int length) {
    return StandardCharsets.US_ASCII.decode(bytes.slice(offset, length)).toString();
  }

  private static int sum(ByteBuffer bytes) {
    int sum = 0;
    for (int i = 0; i < bytes.capacity(); i++) {
      sum += Byte.toUnsignedInt(bytes.get(i));
    }
    return sum;
  }
}
